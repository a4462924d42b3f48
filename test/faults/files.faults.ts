import {
  closeSync,
  copyFileSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import anyTest, { type TestFn } from 'ava'
import { until } from '../until.js'
import { type ProxyMachine, startProxyMachine } from './proxy-machine.js'
import { createVolumes, wronglyRecorded } from './recorded-volumes.js'
import { mountSmallDisk, type SmallDisk } from './small-disk.js'

/** One machine for all tests. Each test leaves it running, with its log in place. */
const test = anyTest as TestFn<ProxyMachine & { disk: SmallDisk; end(): Promise<void> }>

const DISK_MEGABYTES = 48
const SETTLE_MS = 90_000

test.before(async t => {
  const steps: (() => unknown)[] = []
  const disk = mountSmallDisk(DISK_MEGABYTES)
  steps.push(disk.remove)
  const end = async () => {
    for (const step of steps.toReversed()) await step()
  }
  const machine = await startProxyMachine(
    { teardown: step => void steps.push(step) },
    { clouds: ['default', 'sp1'], options: ['workers = 1'], logFolder: disk.folder },
  )
  t.context = { ...machine, disk, end }
  await machine.node.start()
  await machine.node.untilReady()
})

test.after.always(t => t.context.end?.())

test.serial(
  'what is published while the disk is full is recorded once, when there is space',
  async t => {
    const { node, disk } = t.context
    const before = await createVolumes(t.context)
    disk.fill()
    const during = await createVolumes(t.context)
    await untilLogIsMissing(t.context)
    disk.free()
    await node.untilReady()
    t.deepEqual(await wronglyRecorded(t.context, [...before, ...during]), [])
  },
)

test.serial(
  'a log that is moved away while it is open gets no events until it is back',
  async t => {
    const { node } = t.context
    const elsewhere = `${node.databaseFile}.elsewhere`
    renameSync(node.databaseFile, elsewhere)
    const during = await createVolumes(t.context)
    await untilLogIsMissing(t.context)
    renameSync(elsewhere, node.databaseFile)
    await node.untilReady()
    t.deepEqual(await wronglyRecorded(t.context, during), [])
  },
)

const damages: Readonly<Record<string, (file: string) => void>> = {
  deleted: file => rmSync(file),
  emptied: file => truncateSync(file, 0),
  overwritten: file =>
    writeFileSync(file, 'no database, but as long as one might be '.repeat(2000)),
}

for (const [damage, apply] of Object.entries(damages)) {
  test.serial(`a log that is ${damage} while it is open is complete after a restore`, async t => {
    const { node } = t.context
    const before = await createVolumes(t.context)
    t.deepEqual(await wronglyRecorded(t.context, before), [])
    const backup = `${node.databaseFile}.backup`
    const backedUp = await node.command('log', 'backup', backup)
    t.is(backedUp.exitCode, 0, backedUp.stderr)
    apply(node.databaseFile)
    const during = await createVolumes(t.context)
    await untilLogIsMissing(t.context)
    await node.stop()
    restore(node, backup)
    await node.start()
    await node.untilReady()
    t.deepEqual(await wronglyRecorded(t.context, [...before, ...during]), [])
  })

  test.serial(
    `a log that was ${damage} while nothing ran keeps the recorder from starting`,
    async t => {
      const { node } = t.context
      const before = await createVolumes(t.context)
      t.deepEqual(await wronglyRecorded(t.context, before), [])
      await node.stop()
      const backup = `${node.databaseFile}.backup`
      copyFileSync(node.databaseFile, backup)
      apply(node.databaseFile)
      const { message } = await t.throwsAsync(node.start())
      t.regex(message, /events\.db/)
      restore(node, backup)
      await node.start()
      await node.untilReady()
      t.deepEqual(await wronglyRecorded(t.context, before), [])
    },
  )
}

test.serial('a page that was overwritten while nothing ran is found by log verify', async t => {
  const { node } = t.context
  await node.stop()
  const backup = `${node.databaseFile}.backup`
  copyFileSync(node.databaseFile, backup)
  const file = openSync(node.databaseFile, 'r+')
  writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, 4096 * 2)
  closeSync(file)
  const { exitCode, stderr } = await node.command('log', 'verify')
  t.is(exitCode, 1, stderr)
  t.regex(stderr, /events\.db/)
  restore(node, backup)
  await node.start()
  await node.untilReady()
})

test.serial('a recorder on a read-only disk does not start, and says which file it is', async t => {
  const { node, disk } = t.context
  await node.stop()
  disk.makeReadOnly()
  const { message } = await t.throwsAsync(node.start())
  t.regex(message, /events\.db.*cannot be written/)
  disk.makeWritable()
  await node.start()
  await node.untilReady()
  t.deepEqual(await wronglyRecorded(t.context, await createVolumes(t.context)), [])
})

function untilLogIsMissing({ node }: ProxyMachine): Promise<void> {
  const isMissing = async () => {
    const { missing } = await node.readiness()
    return missing.some(({ part }) => part === 'event log' || part === 'recorder')
  }
  return until('the machine says that it cannot record', isMissing, SETTLE_MS)
}

/** As the operator's guide says it: without what SQLite has beside the file. */
function restore({ databaseFile }: ProxyMachine['node'], backup: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(databaseFile + suffix, { force: true })
  renameSync(backup, databaseFile)
}
