// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: ['test/lab/*.lab.ts', 'test/notification/*.rabbit.ts', 'test/audit/*.chromium.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // One federation, one catalog, one port: whoever works with them has them alone.
  concurrency: 1,
  serial: true,
  timeout: '15m',
}
