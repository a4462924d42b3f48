// biome-ignore lint/style/noDefaultExport: the form that AVA reads
export default {
  files: process.env.MIXMATCH_LAB_DEPLOY
    ? // What compiles better-sqlite3 again, and the report in a browser, anchors with git and
      // openssl. It takes long, and installs debootstrap and Chromium.
      [
        'test/lab/{container,installed,package}.lab.ts',
        'test/audit/*.chromium.ts',
        'test/{anchor,etc}/*.tools.ts',
      ]
    : [
        'test/lab/{checks,identity,images,large,lists,network,nova,reconcile,recording,volumes}.lab.ts',
        'test/lab/{fronts,systemd}.lab.ts',
        'test/{bus,sandbox}/**/*.rabbit.ts',
      ],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // One federation, one catalog, one port: whoever works with them has them alone.
  concurrency: 1,
  serial: true,
  timeout: '15m',
}
