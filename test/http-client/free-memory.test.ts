import test from 'ava'
import { freeMemory } from '../../src/http-client/free-memory.js'

test('the memory of a piece of its own is freed', t => {
  const piece = Buffer.from(new ArrayBuffer(64))
  freeMemory(piece)
  t.is(piece.length, 0)
  t.notThrows(() => freeMemory(piece))
})

test('memory that a piece shares with other buffers is not freed', t => {
  const whole = Buffer.from(new ArrayBuffer(64)).fill(7)
  freeMemory(whole.subarray(0, 32))
  t.is(whole.length, 64)
  t.is(whole[63], 7)
})
