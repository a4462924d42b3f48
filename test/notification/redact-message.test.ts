import test from 'ava'
import type { JsonObject } from '../../src/json.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { redactMessage, redactValue } from '../../src/notification/redact-message.js'
import { delivery, message, wrapped } from './fixtures.js'

const FERNET = `gAAAAABl${'Zm9vYmFy_-'.repeat(18)}==`
const JWS = `eyJ${'hbGciOi'.repeat(4)}.eyJzdWIi.c2ln-_`
const WORD = 'hunter2-s3cret' // a secret that is recognised only by its key

/** All known secrets in notifications of services, under their keys. */
const payload = {
  volume_id: '1ed5a766-e9ea-4ee4-9cc6-6853a68fad67',
  display_name: `a ${FERNET} in a name`,
  [`${FERNET}`]: 'a token for a key',
  metadata: { adminPass: WORD, MY_API_KEY: WORD, 'db-credentials': [WORD], pin_secret: 12345678 },
  volume_metadata: [{ key: 'password', value: WORD, id: 1 }],
  glance_metadata: { 'X-Auth-Token': WORD },
  snapshot_metadata: `[{'key': 'password', 'value': '${WORD}'}, {'os_password': u'${WORD}'}]`,
  properties: { os_secret: { nested: WORD } },
  connection_info: JSON.stringify({ data: { auth_username: 'u', auth_password: WORD } }),
  volume_attachment: [{ connector: { host: WORD }, connection_info: { chap: WORD } }],
  replication_driver_data: `{"user": "${WORD}"}`,
  provider_auth: `CHAP user ${WORD}`,
  transfer: { auth_key: WORD },
  locations: [{ url: `swift+https://t:u:${WORD}@host/c/o`, metadata: {} }],
  note: `rabbit://openstack:${WORD}@one,two:${WORD}@two/`,
  reason: `Failed: password=${WORD}, X-Auth-Token: ${WORD}; "secret": "${WORD}" ${JWS}`,
  inner: JSON.stringify(JSON.stringify({ password: `${WORD}" ${WORD}`, token: JWS })),
  user_data: WORD,
}
const context = {
  _context_auth_token: FERNET,
  _context_service_token: 'c0ffee1234567890c0ffee1234567890',
  _context_service_catalog: [{ endpoints: [{ publicURL: 'http://c0ffee1234567890' }] }],
  _context_trace_info: { hmac_key: WORD },
  _context_password: WORD,
  _context_user: JWS,
}

const SECRETS = [FERNET, FERNET.slice(8, 40), JWS, WORD, 'hunter2', 'c0ffee1234567890', '12345678']

const secretFree = (text: string) => SECRETS.every(secret => !text.includes(secret))

test('a secret at any place of a message cannot be found in the event', t => {
  const { body } = createNotificationEvent(
    delivery(wrapped(message('volume.create.end', payload, context))),
  )
  t.true(secretFree(body), body)
  t.true(body.includes(payload.volume_id))
})

test('no secret can be found in the event of JSON that could not be parsed', t => {
  const planted = message('volume.create.end', payload, context)
  const forms = [
    wrapped({ ...planted, event_type: null }),
    JSON.stringify({ ...planted, event_type: null }),
    JSON.stringify([planted]),
    JSON.stringify({ 'oslo.version': '3.0', 'oslo.message': JSON.stringify(planted) }),
    JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': planted }),
  ]
  for (const form of forms) {
    const event = createNotificationEvent(delivery(form))
    t.is(event.eventType, 'mixmatch.unparseable')
    t.true(secretFree(event.body), event.body)
    t.true(event.body.includes(payload.volume_id))
  }
})

test('a secret with a known name or form cannot be found in the event of a message that is not JSON', t => {
  const {
    user_data: _user_data,
    volume_attachment: _attachment,
    replication_driver_data: _replication,
    provider_auth: _chap,
    ...byName
  } = payload
  const { _context_service_catalog: _catalog, ...flat } = context
  const planted = message('volume.create.end', byName, flat)
  const cut = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(planted).slice(0, -1) }
  for (const form of [
    JSON.stringify(planted).slice(0, -1),
    wrapped(planted).slice(0, -1),
    JSON.stringify(cut),
  ]) {
    const event = createNotificationEvent(delivery(form))
    t.is(event.eventType, 'mixmatch.unparseable')
    t.true(secretFree(event.body), event.body)
    t.true(event.body.includes(payload.volume_id))
  }
})

test('the place of each redacted value is listed', t => {
  const { payload, ...rest } = redactMessage(
    message(
      'volume.create.end',
      {
        metadata: { password: WORD, colour: 'red', 'a/b~c': FERNET },
        list: ['a', FERNET],
        pairs: [{ key: 'token', value: WORD }],
      },
      { _context_auth_token: FERNET, _context_user_id: 'u' },
    ) as JsonObject,
  )
  t.deepEqual(payload, {
    metadata: { password: '***', colour: 'red', 'a/b~c': '***' },
    list: ['a', '***'],
    pairs: [{ key: 'token', value: '***' }],
  })
  t.deepEqual(rest['mixmatch_redacted'], [
    '/_context_auth_token',
    '/payload/metadata/password',
    '/payload/metadata/a~1b~0c',
    '/payload/list/1',
    '/payload/pairs/0/value',
  ])
  t.false('_context_auth_token' in rest)
  t.is(rest['_context_user_id'], 'u')
})

test('the list of places is exact: in the context and below it, for keys, and at the greatest depth', t => {
  let deep: JsonObject = { a: 1 }
  for (let level = 0; level < 70; level += 1) deep = { size: 1, owner: null, a: deep }
  const message = { _context: { auth_token: FERNET }, name: { password: WORD }, [FERNET]: 1, deep }
  const { deep: _deep, ...clean } = redactMessage(message)
  t.deepEqual(clean, {
    _context: {},
    name: { password: '***' },
    '***': 1,
    mixmatch_redacted: [
      '/_context/auth_token',
      '/name/password',
      '/***',
      `/deep${'/a'.repeat(64)}`,
    ],
  })
})

test('places that the list has no room for are counted', t => {
  const many = Array.from({ length: 1005 }, () => FERNET)
  const clean = redactMessage({ many })
  t.is([clean['mixmatch_redacted']].flat().length, 1000)
  t.is(clean['mixmatch_redacted_more'], 5)
  const long = redactMessage({ ['k'.repeat(70_000)]: { password: WORD, token: WORD } })
  t.like(long, { mixmatch_redacted: [], mixmatch_redacted_more: 2 })
})

test('a token in the place of a key is redacted, also if there is no other secret', t => {
  t.deepEqual(redactValue([{ [FERNET]: 1 }]), [{ '***': 1 }])
  t.deepEqual(redactValue([{ [FERNET]: 1, [JWS]: 2 }]), [{ '***': 2 }])
})

test('only in a pair of key and value the key is the name of the value', t => {
  t.deepEqual(redactValue([{ key: WORD }]), [{ key: '***' }])
  t.deepEqual(redactValue([{ key: 12345678, value: 'red' }]), [{ key: '***', value: 'red' }])
  const pair = { key: 'colour', value: 'red' }
  t.deepEqual(redactValue([{ ...pair, password: WORD }]), [{ ...pair, password: '***' }])
})

test('only the allowed keys of the request context are kept, flat or in one object', t => {
  const all = {
    user_id: 'u',
    project_id: 'p',
    roles: ['member'],
    auth_token: null,
    read_only: false,
  }
  const flat = Object.fromEntries(
    Object.entries(all).map(([key, value]) => [`_context_${key}`, value]),
  )
  t.deepEqual(redactMessage(flat), {
    _context_user_id: 'u',
    _context_project_id: 'p',
    _context_roles: ['member'],
  })
  t.deepEqual(redactMessage({ _context: { ...all, service_catalog: [1] } }), {
    _context: { user_id: 'u', project_id: 'p', roles: ['member'] },
    mixmatch_redacted: ['/_context/service_catalog'],
  })
})

test('the keys of the request context that an audit needs are kept', t => {
  const names = [
    ...['user_id', 'user', 'tenant', 'project_id', 'project_domain', 'user_domain', 'domain'],
    ...['request_id', 'global_request_id', 'is_admin', 'roles', 'timestamp'],
  ]
  const _context = Object.fromEntries(names.map(name => [name, 'x']))
  t.deepEqual(redactMessage({ _context: { ..._context, read_only: 'x' } }), { _context })
})

test('a message without secrets is returned as the same object', t => {
  const plain = message('image.create', {
    id: 'a',
    properties: {},
    password: null,
    key: '',
    keys: [],
    has_password: true,
    is_token_valid: false,
  })
  t.is(redactMessage(plain as JsonObject), plain as JsonObject)
  const onKafka = { _context: { user_id: 'u' }, payload: {} }
  t.is(redactMessage(onKafka), onKafka)
  const nested = { a: [{ b: [1, 'two', null, true] }] }
  t.is(redactValue(nested), nested)
})

test('a redacted message is not changed by another redaction', t => {
  const once = redactMessage(message('x', payload, context) as JsonObject)
  t.deepEqual(redactMessage(once), once)
})

test('a key with the name __proto__ stays an ordinary key', t => {
  const redacted = redactMessage(
    JSON.parse('{"payload": {"__proto__": {"a": 1}, "password": "x"}}'),
  )
  t.is(JSON.stringify(redacted['payload']), '{"__proto__":{"a":1},"password":"***"}')
})
