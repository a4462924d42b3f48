import test from 'ava'
import { retryUnauthorized } from '../../src/upstream/token-retry.js'

/** A cloud that accepts one token, and a cache that holds another until it is forgotten. */
function open({ cached, valid }: { cached: string; valid: string }) {
  const sent: { token: string; mayRetry: boolean }[] = []
  let token = cached
  return {
    sent,
    use: {
      access: async () => token,
      send: async (token: string, mayRetry: boolean) => {
        sent.push({ token, mayRetry })
        return { status: token === valid ? 200 : 401 }
      },
      forget: () => () => {
        token = 'new'
      },
    },
  }
}

test('a request with a valid token is sent once', async t => {
  const { sent, use } = open({ cached: 'old', valid: 'old' })
  t.is((await retryUnauthorized(use)).status, 200)
  t.deepEqual(sent, [{ token: 'old', mayRetry: true }])
})

test('a cached token that the cloud rejects is dropped, and the request is sent with a new one', async t => {
  const { sent, use } = open({ cached: 'old', valid: 'new' })
  t.is((await retryUnauthorized(use)).status, 200)
  t.deepEqual(sent, [
    { token: 'old', mayRetry: true },
    { token: 'new', mayRetry: false },
  ])
})

test('a new token that the cloud rejects too is not replaced again', async t => {
  const { sent, use } = open({ cached: 'old', valid: 'none' })
  t.is((await retryUnauthorized(use)).status, 401)
  t.is(sent.length, 2)
})

test('a rejected request that cannot get another token is sent once', async t => {
  const { sent, use } = open({ cached: 'old', valid: 'none' })
  t.is((await retryUnauthorized({ ...use, forget: () => null })).status, 401)
  t.deepEqual(sent, [{ token: 'old', mayRetry: false }])
})
