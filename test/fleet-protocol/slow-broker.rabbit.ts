import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { AmqpAddress } from '../../sandbox/bus/sandbox-bus.js'
import { readFirstRecord } from '../../src/bus/amqp/stream-reader.js'
import { parseStreamUrl } from '../../src/bus/stream-url.js'
import { type Broker, startFleetBroker } from './recorders.js'

let broker: Broker & { close(): Promise<void> }

test.before(async () => {
  broker = await startFleetBroker()
})

test.after.always(() => broker.close())

const METHOD = 1
const DELIVER = '003c003c'

/** A relay to a broker that holds messages back for some time; null for ever. Everything else passes at once. */
async function delayMessages(t: ExecutionContext, to: AmqpAddress, delayMs: number | null) {
  const sockets: Socket[] = []
  const server = createServer(near => {
    const far = connectSocket(to.port, to.hostname)
    sockets.push(near, far)
    for (const each of [near, far]) each.on('error', () => {})
    near.pipe(far)
    let rest = Buffer.alloc(0)
    far.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 7 && rest.length >= 8 + rest.readUInt32BE(3)) {
        const frame = rest.subarray(0, 8 + rest.readUInt32BE(3))
        rest = rest.subarray(frame.length)
        const isOfMessage =
          frame[0] === METHOD ? frame.toString('hex', 7, 11) === DELIVER : frame[0] !== 8
        if (!isOfMessage) near.write(frame)
        else if (delayMs !== null) setTimeout(() => near.write(frame), delayMs)
      }
    })
    far.on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { username, password } = to
  return (name: string) =>
    parseStreamUrl(
      `rabbit://${username}:${password}@127.0.0.1:${(server.address() as AddressInfo).port}/stream?name=${name}`,
    )
}

const options = () => ({
  logger: pino({ level: 'silent' }),
  signal: new AbortController().signal,
})

test('a stream is empty only if nothing comes for six seconds', async t => {
  const url = await delayMessages(t, broker.host, 3_000)
  t.is(await readFirstRecord(url('empty'), options()), null)
  await broker.declareStream('slow')
  await broker.write('slow', 'first')
  const record = await readFirstRecord(url('slow'), options())
  t.is(record?.content.toString(), 'first')
})

test('a stream is not taken for empty if the broker counts messages that it does not send', async t => {
  const url = await delayMessages(t, broker.host, null)
  await broker.declareStream('stuck')
  await broker.write('stuck', 'first')
  await t.throwsAsync(readFirstRecord(url('stuck'), options()), {
    message: /sent none of the 1 messages of the stream stuck within 6 s/,
  })
})
