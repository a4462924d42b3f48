// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: process.env.MIXMATCH_LAB_DEPLOY
    ? // What is around it: fronts, container, package, the report in a browser. It takes long, and
      // installs nginx, HAProxy, debootstrap, Chromium and systemd.
      ['test/lab/{fronts,container,installed,package,systemd}.lab.ts', 'test/audit/*.chromium.ts']
    : [
        'test/lab/{checks,identity,images,large,lists,nova,reconcile,recording,volumes}.lab.ts',
        'test/{notification,sandbox}/*.rabbit.ts',
      ],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // One federation, one catalog, one port: whoever works with them has them alone.
  concurrency: 1,
  serial: true,
  timeout: '15m',
}
