import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { serializeError } from '../src/error-serializer.js'
import { createOpsApp, openOps } from '../src/http/ops.js'
import { createLogger } from '../src/logger.js'
import { folder, idp } from './controls.js'
import { json, startCloud, startProxy } from './http/federation.js'
import { until } from './until.js'
import { say } from './upstream/wire.js'

const TOKEN = 'gAAAAABlx-secret'

/** A logger like that of the processes, and the text that it has written. */
function logging(t: ExecutionContext) {
  const file = join(folder(t), 'log')
  const logger = createLogger({ debug: true, file, json: true }, 'test')
  return { logger, written: () => readFileSync(file, 'utf8') }
}

async function untilWritten(written: () => string, pattern: RegExp): Promise<string> {
  await until(`the log has ${pattern}`, () => pattern.test(written()))
  return written()
}

/** A request that Node's parser rejects in the middle of its body; the same bytes contain the token. */
function broken(path: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`
}

const bytes = [...Buffer.from(TOKEN)].join(',')

test('a malformed request on the public port leaves no raw bytes in the log', async t => {
  const { logger, written } = logging(t)
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home], app: { logger } })
  await say(url, broken('/image/v2/images'))
  await say(url, broken('/network/v2.0/networks/extended'))
  const log = await untilWritten(written, /the connection to a client broke/)
  t.regex(log, /HPE_INVALID_CHUNK_SIZE/)
  for (const form of [TOKEN, bytes, 'rawPacket']) t.false(log.includes(form), form)
})

test('a malformed request on the port for operators leaves no raw bytes in the log', async t => {
  const { logger, written } = logging(t)
  const parts = {
    health: () => ({ healthy: true, reasons: [] }),
    readiness: async () => ({ missing: [], degraded: [] }),
    // Long enough that the body becomes malformed before the response is sent.
    metrics: () => delay(50).then(() => ''),
    metricsType: 'text/plain',
    logger,
  }
  const ops = await openOps(createOpsApp(parts), { host: '127.0.0.1', port: 0 }, logger)
  t.teardown(async () => ops[Symbol.asyncDispose]())
  await say(`http://127.0.0.1:${ops.port}`, broken('/metrics').replace('POST', 'GET'))
  const log = await untilWritten(written, /operators failed/)
  for (const form of [TOKEN, bytes, 'rawPacket']) t.false(log.includes(form), form)
})

test('only the type, message, code, stack and causes of an error are logged', t => {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', socket: {} })
  const error = Object.assign(new TypeError('broken', { cause }), { rawPacket: Buffer.from(TOKEN) })
  const { stack, cause: inner, ...rest } = serializeError(error)
  t.deepEqual(rest, { type: 'TypeError', message: 'broken' })
  t.regex(stack ?? '', /^TypeError: broken\n/)
  t.like(inner, { type: 'Error', message: 'read ECONNRESET', code: 'ECONNRESET' })
  t.false(inner !== undefined && 'socket' in inner)
})

test('all errors of an AggregateError are logged, and a circular chain of causes ends', t => {
  const both = new AggregateError([new Error('first'), new Error('second')], 'none worked')
  t.like(serializeError(both), { errors: [{ message: 'first' }, { message: 'second' }] })
  const circle = new Error('round')
  circle.cause = circle
  t.notThrows(() => JSON.stringify(serializeError(circle)))
})

test('a thrown value that is not an error is logged only if it is a string', t => {
  t.deepEqual(serializeError('gone'), { type: 'string', message: 'gone' })
  t.false(JSON.stringify(serializeError({ token: TOKEN })).includes(TOKEN))
})
