// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: ['test/faults/*.faults.ts'],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // Each file has a RabbitMQ and the processes of Mixmatch.
  concurrency: 1,
  serial: true,
  timeout: '15m',
}
