import { createServer } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { readBody } from '../../src/http/request-body.js'
import { answerTo, ask, open, origin } from '../upstream/wire.js'

/** A server that responds with the body that it read, or with the code of the error. */
function reader(t: ExecutionContext, idleMs = 5000): Promise<string> {
  const server = createServer({ optimizeEmptyRequests: true }, (req, res) => {
    readBody(req, res, { limit: 10, idleMs }).then(
      body => res.end(body),
      error => res.writeHead(599).end(error.code),
    )
  })
  return origin(t, server)
}

test('a body up to the limit is read', async t => {
  const url = await reader(t)
  t.is((await ask(url, { method: 'POST', body: '0123456789' })).body.toString(), '0123456789')
  t.is((await ask(url, { method: 'POST', body: '' })).body.toString(), '')
})

test('a request without Content-Length and Transfer-Encoding has an empty body', async t => {
  t.is((await ask(await reader(t), { method: 'DELETE' })).body.toString(), '')
})

test('a body above the limit is rejected, and the client gets the response while it still sends', async t => {
  const sent = open(await reader(t), 'POST', { 'Transfer-Encoding': 'chunked' })
  sent.write('0123456789')
  sent.write('+')
  t.is((await answerTo(sent)).body.toString(), 'BODY_TOO_LARGE')
  sent.destroy()
})

test('a client that stops sending its body gets a timeout', async t => {
  const sent = open(await reader(t, 100), 'POST', { 'Content-Length': '5' })
  sent.write('012')
  t.is((await answerTo(sent)).body.toString(), 'REQUEST_TIMEOUT')
  sent.destroy()
})
