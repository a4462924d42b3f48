// The console in a real browser: npm run test:console
// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: ['test/console/*.chromium.ts'],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // Each file has a browser of its own.
  concurrency: 1,
  timeout: '300s',
}
