import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { listenOnSocket } from '../../src/http/listen-on-socket.js'
import { folder } from '../controls.js'

function serverOf(t: ExecutionContext) {
  const server = createServer((_, response) => response.end('here'))
  t.teardown(() => server.close())
  return server
}

function statusOf(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/' }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end()
  })
}

test('a socket can be connected to by user and group only', async t => {
  const path = join(folder(t), 'ops.sock')
  await listenOnSocket(serverOf(t), path)
  t.is(statSync(path).mode & 0o777, 0o660)
  t.is(await statusOf(path), 200)
})

test('the socket of a process that was killed is replaced, one in use is not', async t => {
  const path = join(folder(t), 'ops.sock')
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script, path])
  t.true(statSync(path).isSocket())
  await listenOnSocket(serverOf(t), path)
  t.is(await statusOf(path), 200)
  await t.throwsAsync(listenOnSocket(serverOf(t), path), {
    code: 'CANNOT_LISTEN',
    message: /another process listens there/,
  })
})

test('a socket in a folder that does not exist gives an error that names the option', async t => {
  await t.throwsAsync(listenOnSocket(serverOf(t), join(folder(t), 'no', 'ops.sock')), {
    code: 'CANNOT_LISTEN',
    message: /Set another \[ops\] socket/,
  })
})
