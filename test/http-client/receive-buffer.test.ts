import test from 'ava'
import { createReceiveBuffer, type ReceiveBuffer } from '../../src/http-client/receive-buffer.js'

const LONG_BYTES = 256 * 1024

/** What the socket does when so many bytes arrive: read them, and ask for the memory of the next read. */
function receive(buffer: ReceiveBuffer, memory: Buffer, bytes: number) {
  const piece = buffer.keep(memory.subarray(0, bytes))
  return { ...piece, next: buffer.next() }
}

function openLong(): { buffer: ReceiveBuffer; memory: Buffer } {
  const buffer = createReceiveBuffer(false)
  buffer.expectLong(true)
  return { buffer, memory: buffer.next() }
}

test('a long piece that is sent on is not read into before its release, and then by any connection', t => {
  const one = openLong()
  const other = openLong()
  const kept = receive(one.buffer, one.memory, LONG_BYTES)
  t.is(kept.data.buffer, one.memory.buffer, 'passed on without a copy')
  t.not(kept.next.buffer, one.memory.buffer)
  t.not(receive(other.buffer, other.memory, LONG_BYTES).next.buffer, one.memory.buffer)
  kept.release?.()
  t.is(openLong().memory.buffer, one.memory.buffer)
})

test('a connection that stops reading gives its long piece to others', t => {
  const stopped = openLong()
  stopped.buffer.expectLong(false)
  const { next } = receive(stopped.buffer, stopped.memory, 100)
  t.true(next.length < LONG_BYTES)
  t.is(openLong().memory.buffer, stopped.memory.buffer)
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

test('a few bytes in a long piece do not hold the whole of it', t => {
  const { buffer, memory } = openLong()
  const { data, release, next } = receive(buffer, memory, 1000)
  t.not(data.buffer, memory.buffer)
  t.is(release, null)
  t.is(next.buffer, memory.buffer)
})
