import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { openBuses } from '../../sandbox/bus/buses.js'
import { toMessage } from '../../sandbox/bus/message.js'
import { startRabbit } from '../../sandbox/bus/rabbit.js'
import { microClock } from '../../sandbox/clock.js'

function directoryOf(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'mixmatch-buses-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('a file bus writes one file for each cloud, one JSON object a line', async t => {
  const directory = directoryOf(t)
  const buses = await openBuses({
    wanted: 'file',
    clouds: ['default', 'sp1'],
    directory,
    path: '',
    patienceMs: 0,
  })
  t.is(buses.kind, 'file')
  const bus = await buses.open('sp1')
  const other = await buses.open('default')
  const message = toMessage('sp1', {
    exchange: 'glance',
    priority: 'info',
    publisherId: 'image.sp1',
    eventType: 'image.create',
    payload: { id: 'ä\n' },
    at: microClock(),
  })
  await bus.publish(message)
  await bus.publish(message)
  const line = `${JSON.stringify(message)}\n`
  t.is(readFileSync(fileURLToPath(bus.messagebus), 'utf8'), line + line)
  t.is(readFileSync(fileURLToPath(other.messagebus), 'utf8'), '')
  await buses.close()
})

test('a RabbitMQ that ends at once is reported with its exit code, and leaves nothing behind', async t => {
  const directory = directoryOf(t)
  const program = join(directory, 'rabbitmq-server')
  const epmd = join(directory, 'epmd')
  for (const [file, does] of [
    [program, 'exit 3'],
    [epmd, 'exec sleep 60'],
  ] as const) {
    writeFileSync(file, `#!/bin/sh\n${does}\n`)
    chmodSync(file, 0o755)
  }
  const path = `${directory}:${process.env['PATH']}`
  const starting = startRabbit(program, { vhosts: ['sp1'], directory, path, patienceMs: 10_000 })
  await t.throwsAsync(starting, { message: `${program} ended with 3` })
})

test('a RabbitMQ that does not answer in time is stopped and reported', async t => {
  const directory = directoryOf(t)
  const program = join(directory, 'rabbitmq-server')
  writeFileSync(program, '#!/bin/sh\nexec sleep 60\n')
  writeFileSync(join(directory, 'epmd'), '#!/bin/sh\nexec sleep 60\n')
  chmodSync(program, 0o755)
  chmodSync(join(directory, 'epmd'), 0o755)
  const path = `${directory}:${process.env['PATH']}`
  const starting = startRabbit(program, { vhosts: ['sp1'], directory, path, patienceMs: 500 })
  await t.throwsAsync(starting, { message: /did not answer within 0.5 s/ })
})
