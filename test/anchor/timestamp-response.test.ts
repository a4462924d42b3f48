import { readFileSync } from 'node:fs'
import test from 'ava'
import { readTimestamp } from '../../src/anchor/timestamp-response.js'

/** The response of OpenSSL to the hash abab…, with its certificate. */
const response = readFileSync(new URL('../fixtures/timestamp-response.tsr', import.meta.url))

test('a response of a time-stamping authority has hash, time and nonce', t => {
  const stamp = readTimestamp(response)
  t.is(stamp?.hash, 'ab'.repeat(32))
  t.is(stamp?.time, '2026-11-28T11:28:53Z')
  t.is(stamp?.nonce?.toString('hex'), '5eaf03afd0a6f936')
})

test('a truncated or refused response of a time-stamping authority is no time stamp', t => {
  for (let length = 0; length < response.length; length += 1) {
    t.is(readTimestamp(response.subarray(0, length)), null)
  }
  t.is(readTimestamp(Buffer.from('3005300302010230', 'hex')), null)
  const refused = Buffer.from('30053003020102', 'hex') // PKIStatus 2: rejection
  t.is(readTimestamp(refused), null)
})

test('a damaged response of a time-stamping authority never throws', t => {
  for (let at = 0; at < Math.min(response.length, 300); at += 1) {
    for (const byte of [0x00, 0x7f, 0x80, 0x84, 0xff]) {
      const damaged = Buffer.from(response)
      damaged[at] = byte
      t.notThrows(() => readTimestamp(damaged))
    }
  }
})
