import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import test from 'ava'
import { tokenIn } from '../../src/http/request-token.js'

function request(socket: Socket, token: string): IncomingMessage {
  const req = new IncomingMessage(socket)
  req.headers['x-auth-token'] = token
  return req
}

test('each request on a connection gets the token that it sends', t => {
  const shared = new Socket()
  const secrets = ['alice', 'alice', 'bob', 'alice'].map(secret =>
    tokenIn(request(shared, secret), 'x-auth-token')?.reveal(),
  )
  t.deepEqual(secrets, ['alice', 'alice', 'bob', 'alice'])
})

test('a service token is never taken for the token of a user on the same connection', t => {
  const shared = new Socket()
  const req = request(shared, 'alice')
  req.headers['x-service-token'] = 'service'
  t.is(tokenIn(req, 'x-service-token')?.reveal(), 'service')
  t.is(tokenIn(req, 'x-auth-token')?.reveal(), 'alice')
  t.is(tokenIn(req, 'x-service-token')?.reveal(), 'service')
})

test('a request without a token has none, after another with a token on the same connection', t => {
  const shared = new Socket()
  tokenIn(request(shared, 'alice'), 'x-auth-token')
  t.is(tokenIn(new IncomingMessage(shared), 'x-auth-token'), null)
  t.is(tokenIn(request(shared, ''), 'x-auth-token'), null)
})
