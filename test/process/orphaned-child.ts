import { waitForSupervisorStop } from '../../src/process/signals.js'

/** A process that writes to its channel, as node:cluster does, when its supervisor has just died. Exits with 0 at `disconnect`. */
process.once('message', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  process.send?.('anything')
})
process.send?.('listening')
process.exit((await waitForSupervisorStop()) === 'disconnect' ? 0 : 2)
