import test from 'ava'
import { createPayloadCompressor } from '../../src/log/payload-compressor.js'

test('requests without an answer fail when the thread ends, and the next one starts another thread', async t => {
  using compressor = createPayloadCompressor(Buffer.from('{"event_type":"image.create"}'))
  const unanswered = compressor.compress(Array(100_000).fill('{}'))
  compressor[Symbol.dispose]()
  await t.throwsAsync(unanswered, { message: /thread that compresses payloads has ended/ })
  t.is((await compressor.compress(['{}', '[]'])).length, 2)
})
