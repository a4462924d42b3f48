import test from 'ava'
import { type FaultCode, faults, MixmatchError } from '../../src/errors.js'
import { toFaultResponse } from '../../src/http/fault-response.js'

const KEYSTONE = 'https://keystone.example/v3'
const image = '/image/v2/images?x'
const volume = '/volume/v3/p/volumes'

function fault(code: FaultCode, path: string, message = 'What happened.') {
  return toFaultResponse(new MixmatchError(code, message), path, KEYSTONE)
}

const codes = Object.keys(faults).filter((code): code is FaultCode => code in faults)

for (const code of codes) {
  test(`${code} has its status and message in the form of every service`, t => {
    for (const path of [image, volume, '/other']) {
      const { status, body } = fault(code, path)
      t.is(status, faults[code].status)
      t.regex(body, /What happened\./)
    }
  })
}

test('Cinder’s clients find code and message under the name of the fault', t => {
  t.deepEqual(JSON.parse(fault('NOT_FOUND', volume).body), {
    itemNotFound: { code: 404, message: 'What happened.' },
  })
  t.deepEqual(JSON.parse(fault('SERVICE_PROVIDER_BROKE_OFF', volume).body), {
    computeFault: { code: 502, message: 'What happened.' },
  })
})

test('Glance’s clients find the message in JSON, under error', t => {
  const { headers, body } = fault('NOT_FOUND', image, 'No <image> & nothing.')
  t.is(headers['Content-Type'], 'application/json')
  t.deepEqual(JSON.parse(body), {
    error: { code: 404, title: 'Not Found', message: 'No <image> & nothing.' },
  })
})

test('401 has the form of Keystone for every service, and names the Keystone to log in to', t => {
  for (const path of [image, volume, '/']) {
    const { headers, body } = fault('NOT_AUTHENTICATED', path)
    t.is(headers['WWW-Authenticate'], `Keystone uri="${KEYSTONE}"`)
    t.like(JSON.parse(body), { error: { code: 401, title: 'Unauthorized' } })
  }
})

test('503 has Retry-After', t => {
  t.regex(fault('OVERLOADED', image).headers['Retry-After'] ?? '', /^\d+$/)
  t.is(fault('NOT_FOUND', image).headers['Retry-After'], undefined)
})

test('an unforeseen error shows no details to the client', t => {
  for (const error of [new TypeError('inside'), 'inside', null]) {
    for (const path of [image, volume]) {
      const { status, body } = toFaultResponse(error, path, KEYSTONE)
      t.is(status, 500)
      t.false(body.includes('inside'))
    }
  }
})
