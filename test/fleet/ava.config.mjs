const short = ['chaos', 'haproxy', 'serving']
// The measurement against one machine takes minutes, and says little while the machine has other work.
const long = [...short, 'throughput']
const names = process.env.MIXMATCH_FLEET === 'long' ? long : short

// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: [...names.map(name => `test/fleet/${name}.fleet.ts`), 'test/fleet-protocol/*.rabbit.ts'],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // Each file has a RabbitMQ of its own, and measures times.
  concurrency: 1,
  serial: true,
  timeout: '15m',
}
