import { hash } from 'node:crypto'
import test from 'ava'
import { compressPayload } from '../../src/log/compress-payload.js'
import { decompressBody, decompressExactly } from '../../src/log/payload.js'

const dictionary = Buffer.from('{"event_type":"volume.create.end","payload":{"size":1,"status":"')
const bodies = Array.from({ length: 200 }, (_, index) =>
  JSON.stringify({ size: index, id: hash('sha512', String(index)).repeat(1 + (index % 9)) }),
)

test('no bit can be set behind the end of a compressed body', t => {
  let changes = 0
  for (const body of bodies) {
    const bytes = compressPayload(body, dictionary)
    t.is(decompressExactly(bytes, dictionary), body)
    for (const changed of [...unusedBitsSet(bytes, body), Buffer.concat([bytes, Buffer.of(0)])]) {
      t.throws(() => decompressExactly(changed, dictionary), { message: /more follows the end/ })
      changes += 1
    }
  }
  t.true(changes > 2 * bodies.length, `${changes} changes`)
})

test('the memory of many decompressed bodies is freed before the event loop turns', t => {
  const payloads = bodies.map(body => compressPayload(body, dictionary))
  const decompressAll = (times: number) => {
    for (let count = 0; count < times; count += 1)
      for (const bytes of payloads) decompressExactly(bytes, dictionary)
    return process.memoryUsage().rss
  }
  const grownBytes = -decompressAll(100) + decompressAll(100)
  t.true(grownBytes < 80e6, `${grownBytes} bytes for 20,000 bodies`)
})

/** Copies in which one bit more is set in the last byte, but which decompress to the same body. */
function unusedBitsSet(bytes: Buffer, body: string): Buffer[] {
  const last = bytes.at(-1) ?? 0
  return [1, 2, 4, 8, 16, 32, 64, 128]
    .filter(bit => (last & bit) === 0)
    .map(bit => Buffer.concat([bytes.subarray(0, -1), Buffer.of(last | bit)]))
    .filter(changed => bodyOf(changed) === body)
}

function bodyOf(bytes: Buffer): string | null {
  try {
    return decompressBody(bytes, dictionary)
  } catch {
    return null
  }
}
