// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: ['test/fleet/*.fleet.ts', 'test/fleet-protocol/*.rabbit.ts'],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // Each file has a RabbitMQ cluster of its own, and measures times.
  concurrency: 1,
  serial: true,
  timeout: '15m',
}
