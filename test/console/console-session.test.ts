import test from 'ava'
import { createSessionStore } from '../../src/console/console-session.js'
import { Token } from '../../src/identity/token.js'

const session = (expiresAtMs: number) => ({ token: new Token('secret'), expiresAtMs })

test('a session of the console is found by its id until its token expires', t => {
  let now = 1000
  const store = createSessionStore(() => now)
  const id = store.begin(session(2000))
  t.is(store.find(id)?.expiresAtMs, 2000)
  t.is(store.find('another'), null)
  now = 2000
  t.is(store.find(id), null)
})

test('if the store of sessions is full, expired sessions and then the oldest one are removed', t => {
  let now = 0
  const store = createSessionStore(() => now, 2)
  const [short, long] = [store.begin(session(10)), store.begin(session(1000))]
  now = 10
  const third = store.begin(session(1000))
  t.deepEqual(
    [short, long, third].map(id => store.find(id) !== null),
    [false, true, true],
  )
  store.begin(session(1000))
  t.deepEqual(
    [long, third].map(id => store.find(id) !== null),
    [false, true],
  )
})
