import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { openLog } from '../../src/log/open-log.js'
import { alice, at, bob, created, deleted, disk, folder, image } from '../controls.js'
import { mixmatch } from './run-command.js'

/** A folder with a log, and a function that appends another event to it. */
function recorded(t: ExecutionContext) {
  const path = folder(t)
  const file = join(path, 'events.db')
  const append = (event: ReturnType<typeof created>, name = file) => {
    using log = openLog(name)
    log.append([event], at(60))
    return log.head().hash
  }
  append(created(disk, alice))
  return { path, append }
}

const anchorTo = (path: string, ...args: string[]) =>
  mixmatch(path, 'log', 'anchor', '--log', 'events.db', ...args)

const verify = (path: string, log: string, ...args: string[]) =>
  mixmatch(path, 'audit', 'verify', '--log', log, '--anchors', 'anchors.ndjson', ...args)

async function listen(
  t: ExecutionContext,
  respond: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<string> {
  const server = createServer(respond)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchors`
}

test('each log anchor appends position, hash, time and version to its file, and a later log has them all', async t => {
  const { path, append } = recorded(t)
  t.is((await anchorTo(path, '--file', 'anchors.ndjson')).code, 0)
  const hash = append(created(image, bob))
  const { out } = await anchorTo(path, '--file', 'anchors.ndjson')
  t.is(out, `2 ${hash}\n`)
  const lines = readFileSync(join(path, 'anchors.ndjson'), 'utf8').trimEnd().split('\n')
  const [first, second] = lines.map(line => JSON.parse(line))
  t.is(first.position, 1)
  t.like(second, { position: 2, hash, version: '0.1.0' })
  t.regex(second.anchored_at, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)

  append(deleted(disk))
  const { code, out: report } = await verify(path, 'events.db')
  t.is(code, 0)
  t.regex(report, /chain +verified: it holds, contains 2 anchors/)
  t.regex(report, /noted heads prove it up to position 2 only\.\n$/)
})

test('audit verify --anchors exits with 1 for a log that was cut off, and for one that was written again', async t => {
  const { path, append } = recorded(t)
  append(created(image, bob))
  await anchorTo(path, '--file', 'anchors.ndjson')
  append(created(disk, alice), join(path, 'short.db'))
  const short = await verify(path, 'short.db')
  t.is(short.code, 1)
  t.regex(short.out, /cut_off +the log ends before it/)
  t.regex(short.out, /the chain of hashes DOES NOT HOLD/)

  append(created(image, alice), join(path, 'short.db')) // now it is as long, but it is another one
  const other = await verify(path, 'short.db')
  t.is(other.code, 1)
  t.regex(other.out, /differs +the log has another hash there/)
})

test('audit verify --anchors accepts lines of log head, and rejects other lines with their number', async t => {
  const { path } = recorded(t)
  const { out } = await mixmatch(path, 'log', 'head', '--log', 'events.db')
  writeFileSync(join(path, 'anchors.ndjson'), out)
  t.is((await verify(path, 'events.db')).code, 0)
  appendFileSync(join(path, 'anchors.ndjson'), 'yesterday it was fine\n')
  const { code, err } = await verify(path, 'events.db')
  t.is(code, 2)
  t.regex(
    err,
    /anchors\.ndjson:2: expected a line of "mixmatch log anchor".*"yesterday it was fine"/,
  )
  writeFileSync(join(path, 'anchors.ndjson'), '\n')
  t.is((await verify(path, 'events.db')).code, 2)
  t.is((await verify(path, 'events.db', '--anchors', 'nowhere')).code, 1)
})

test('audit verify --anchors does not accept an anchor with another position or hash', async t => {
  const { path, append } = recorded(t)
  append(created(image, bob))
  await anchorTo(path, '--file', 'anchors.ndjson')
  const file = join(path, 'anchors.ndjson')
  const anchor = JSON.parse(readFileSync(file, 'utf8'))
  const other = anchor.hash.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'))
  const hashes = [other, anchor.hash.slice(1), '', null]
  const edits = [
    ...[1, 3, -2, 0, 2.5, '2', null].map(position => ({ ...anchor, position })),
    ...hashes.map(hash => ({ ...anchor, hash })),
  ]
  for (const edit of edits) {
    writeFileSync(file, `${JSON.stringify(edit)}\n`)
    const { code, out, err } = await verify(path, 'events.db')
    t.true(code === 1 || code === 2, `${JSON.stringify(edit)}: ${out}${err}`)
  }
})

test('audit verify --anchors rejects a time stamp of another hash', async t => {
  const { path } = recorded(t)
  await anchorTo(path, '--file', 'anchors.ndjson')
  const file = join(path, 'anchors.ndjson')
  const anchor = JSON.parse(readFileSync(file, 'utf8'))
  const stamp = readFileSync(new URL('../fixtures/timestamp-response.tsr', import.meta.url))
  writeFileSync(file, JSON.stringify({ ...anchor, timestamp: stamp.toString('base64') }))
  const { code, out } = await verify(path, 'events.db')
  t.is(code, 1)
  t.regex(out, /wrong_timestamp +the time stamp is of another hash/)
})

test('log anchor posts JSON, and one failed place does not prevent the others', async t => {
  const { path } = recorded(t)
  const posted: string[] = []
  const url = await listen(t, async (req, res) => {
    posted.push(`${req.method} ${req.headers['content-type']} ${await text(req)}`)
    res.statusCode = posted.length === 1 ? 204 : 500
    res.end()
  })
  t.is((await anchorTo(path, '--url', url)).code, 0)
  t.regex(posted[0] ?? '', /^POST application\/json \{"position":1,"hash":"[0-9a-f]{64}"/)
  const failed = await anchorTo(path, '--url', url, '--file', 'anchors.ndjson')
  t.is(failed.code, 1)
  t.regex(failed.err, /^mixmatch: http.*: answered 500\.\n$/)
  t.is((await verify(path, 'events.db')).code, 0)
})

test('log anchor sends the headers of a file, and never prints them', async t => {
  const { path } = recorded(t)
  const seen: (string | undefined)[] = []
  const url = await listen(t, (req, res) => {
    seen.push(req.headers.authorization)
    res.statusCode = 403
    res.end()
  })
  const headers = join(path, 'headers')
  writeFileSync(headers, 'Authorization: Bearer hidden\n\nX-Site: a\n')
  const refused = await anchorTo(path, '--url', url, '--headers', 'headers')
  t.deepEqual(seen, ['Bearer hidden'])
  t.is(refused.code, 1)
  writeFileSync(headers, 'X-Site: a\nBearer hidden\n')
  const wrong = await anchorTo(path, '--url', url, '--headers', 'headers')
  t.is(wrong.code, 2)
  t.regex(wrong.err, /headers:2: expected a header/)
  const inAddress = await anchorTo(path, '--url', url.replace('//', '//me:hidden@'))
  t.is(inAddress.code, 2)
  t.notRegex([refused, wrong, inAddress].map(({ err }) => err).join(), /hidden/)
})

test('an anchor without a time stamp is noted if the time-stamping authority does not answer with one', async t => {
  const { path } = recorded(t)
  const url = await listen(t, (_, res) => res.end('no time today'))
  const { code, err } = await anchorTo(path, '--tsa', url, '--file', 'anchors.ndjson')
  t.is(code, 1)
  t.regex(
    err,
    /expected a time stamp of [0-9a-f]{64}, found a response without a granted time stamp/,
  )
  t.is((await verify(path, 'events.db')).code, 0)
})

test('log anchor exits with 2 without a place for the anchor, or with an address that is no URL', async t => {
  const { path } = recorded(t)
  t.regex((await anchorTo(path)).err, /expected at least one place/)
  t.is((await anchorTo(path, '--tsa', 'http://127.0.0.1:9/')).code, 2)
  t.is((await anchorTo(path, '--url', 'nowhere')).code, 2)
})
