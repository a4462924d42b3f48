import test from 'ava'
import { createReceiveBuffer, type ReceiveBuffer } from '../../src/http-client/receive-buffer.js'

const LARGE_BYTES = 256 * 1024
const LARGE_BODY_BYTES = 10 * 1024 * 1024

/** What the socket does when so many bytes arrive: read them, and ask for the memory of the next read. */
function receive(buffer: ReceiveBuffer, memory: Buffer, bytes: number) {
  const piece = buffer.keep(memory.subarray(0, bytes))
  return { ...piece, next: buffer.next() }
}

function openLarge(): { buffer: ReceiveBuffer; memory: Buffer } {
  const buffer = createReceiveBuffer(false)
  buffer.expect(LARGE_BODY_BYTES)
  return { buffer, memory: buffer.next() }
}

test('a large piece that is sent on is not read into before its release, and then by any connection', t => {
  const one = openLarge()
  const other = openLarge()
  const kept = receive(one.buffer, one.memory, LARGE_BYTES)
  t.is(kept.data.buffer, one.memory.buffer, 'passed on without a copy')
  t.not(kept.next.buffer, one.memory.buffer)
  t.not(receive(other.buffer, other.memory, LARGE_BYTES).next.buffer, one.memory.buffer)
  kept.release?.()
  t.is(openLarge().memory.buffer, one.memory.buffer)
})

test('a connection that stops reading gives its large piece to others', t => {
  const stopped = openLarge()
  stopped.buffer.expect(0)
  const { next } = receive(stopped.buffer, stopped.memory, 100)
  t.true(next.length < LARGE_BYTES)
  t.is(openLarge().memory.buffer, stopped.memory.buffer)
})

test('what is kept of a short read has memory of its own', t => {
  const buffer = createReceiveBuffer(false)
  for (const bytes of [100, 20_000, 64 * 1024]) {
    const memory = buffer.next()
    memory.fill('a')
    const { data } = receive(buffer, memory, bytes)
    memory.fill('b')
    t.true(data.equals(Buffer.alloc(bytes, 'a')), `${bytes} bytes`)
  }
})

test('a few bytes in a large piece do not hold the whole of it', t => {
  const { buffer, memory } = openLarge()
  const { data, release, next } = receive(buffer, memory, 1000)
  t.not(data.buffer, memory.buffer)
  t.is(release, null)
  t.is(next.buffer, memory.buffer)
})
