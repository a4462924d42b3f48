import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { demoToken, hosts } from './clients.js'
import { findSecrets } from './secrets.js'
import { listenOnWire } from './wire.js'

const all = { tokensFrom: Object.values(hosts), sentTo: Object.values(hosts) }

test('the capture finds a token of default that is sent to sp1', async t => {
  const wire = await listenOnWire(all)
  t.teardown(() => wire.read())
  const { token } = await demoToken()

  const response = await fetch(`http://${hosts.sp1}:9292/v2/images`, {
    headers: { 'X-Auth-Token': token },
  })
  await response.text()

  const capture = await wire.read()
  t.is(response.status, 401)
  t.true(capture.tokensFrom(hosts.default).has(token))
  t.false(capture.tokensFrom(hosts.sp1).has(token))
  t.true(capture.sentTo(hosts.sp1).some(bytes => bytes.includes(token)))
})

test('the capture finds a token that is split into two packets', async t => {
  const wire = await listenOnWire(all)
  t.teardown(() => wire.read())
  const { token } = await demoToken()
  const middle = token.length / 2

  const socket = connect({ host: hosts.sp1, port: 8776, noDelay: true })
  socket.write(
    `GET / HTTP/1.1\r\nHost: sp1\r\nConnection: close\r\nX-Auth-Token: ${token.slice(0, middle)}`,
  )
  await wait(100)
  socket.end(`${token.slice(middle)}\r\n\r\n`)
  socket.resume()
  await once(socket, 'close')

  const capture = await wire.read()
  t.true(capture.sentTo(hosts.sp1).some(bytes => bytes.includes(token)))
})

test('the capture does not count a request to default as a request to sp1', async t => {
  const wire = await listenOnWire(all)
  t.teardown(() => wire.read())
  const { token } = await demoToken()

  const response = await fetch(`http://${hosts.default}:9292/v2/images`, {
    headers: { 'X-Auth-Token': token },
  })
  await response.text()

  const capture = await wire.read()
  t.is(response.status, 200)
  t.true(capture.sentTo(hosts.default).some(bytes => bytes.includes(token)))
  t.false(capture.sentTo(hosts.sp1).some(bytes => bytes.includes(token)))
})

test('a secret is found in any file of a directory, also in the middle of other bytes', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-lab-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'clean'), 'lab')
  await writeFile(join(directory, 'dirty'), Buffer.from([0, 0xff, ...Buffer.from('lab-demo'), 0]))

  t.deepEqual(await findSecrets(directory, ['lab-demo', 'lab-admin']), [
    `${join(directory, 'dirty')}: lab-demo…`,
  ])
})

test('a lab that cannot start fails the run before any test', async t => {
  const run = fileURLToPath(new URL('run', import.meta.url))
  const env = { ...process.env, LAB_HOME: '/dev/null/nowhere' }
  const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>(resolve =>
    execFile(run, ['--tap'], { env }, (error, stdout) => resolve({ code: error?.code, stdout })),
  )
  t.is(code, 1)
  t.notRegex(stdout, /^TAP version|^# pass/m)
})
