// Attacks on the real program, from outside: npm run test:attacks
// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  // The log that is edited cell by cell needs no process of its own.
  files: ['test/attacks/*.attack.ts', 'test/log/tampering.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // Each file starts clouds and a proxy of its own.
  concurrency: 1,
  timeout: '300s',
}
