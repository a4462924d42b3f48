import test from 'ava'
import { decompressExactly } from '../../src/log/payload.js'
import { createPayloadCompressor } from '../../src/log/payload-compressor.js'

test('requests without an answer fail when the thread ends, and the next one starts another thread', async t => {
  using compressor = createPayloadCompressor(Buffer.from('{"event_type":"image.create"}'))
  const unanswered = compressor.compress(Array(100_000).fill('{}'))
  compressor[Symbol.dispose]()
  await t.throwsAsync(unanswered, { message: /thread that compresses payloads has ended/ })
  t.is((await compressor.compress(['{}', '[]'])).length, 2)
})

test('each body gets its own payload, in order, also an empty one', async t => {
  const dictionary = Buffer.from('{"event_type":"image.create"}')
  using compressor = createPayloadCompressor(dictionary)
  const bodies = ['{"event_type":"image.create"}', '', '{"name":"é😀"}', ...Array(100).keys()].map(
    String,
  )
  const payloads = (
    await Promise.all([compressor.compress(bodies), compressor.compress(['[]'])])
  ).flat()
  t.deepEqual(
    payloads.map(payload => decompressExactly(Buffer.from(payload), dictionary)),
    [...bodies, '[]'],
  )
})
