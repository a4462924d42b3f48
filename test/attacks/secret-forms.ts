import { brotliDecompressSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** The forms in which a secret could lie in a file: as text, reversed, hexadecimal, base64 and for URLs. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  // Base64 of a longer text has the secret in one of three forms. Its ends depend on the neighbours.
  const base64 = [0, 1, 2].map(before =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  return [
    secret,
    secret.split('').toReversed().join(''),
    hex,
    hex.toUpperCase(),
    bytes.toString('utf16le'),
    secret.split('').join('\0'),
    encodeURIComponent(secret),
    ...base64,
    ...base64.map(text => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** The secrets that are in these bytes in any form, compressed or not, by their names. */
export function findSecrets(bytes: Buffer, secrets: ReadonlyMap<string, string>): string[] {
  const texts = [bytes, ...decompressed(bytes)]
  return [...secrets]
    .filter(([, secret]) => formsOf(secret).some(form => texts.some(text => text.includes(form))))
    .map(([name]) => name)
}

/** How compressed data begin, and what reads them. */
const formats: readonly [magic: readonly number[], read: (bytes: Buffer) => Buffer][] = [
  [[0x1f, 0x8b, 0x08], readGzip],
  [[0x28, 0xb5, 0x2f, 0xfd], zstdDecompressSync],
  ...[0x01, 0x5e, 0x9c, 0xda].map((level): [number[], (bytes: Buffer) => Buffer] => [
    [0x78, level],
    inflateSync,
  ]),
]

/** What is compressed anywhere in these bytes. Brotli and bare deflate have no mark, so they are read from the beginning. */
function decompressed(bytes: Buffer): Buffer[] {
  const marked = formats.flatMap(([magic, read]) => {
    const found: Buffer[] = []
    const mark = Buffer.from(magic)
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
      found.push(...tryTo(() => read(bytes.subarray(at))))
    }
    return found
  })
  return [
    ...marked,
    ...tryTo(() => brotliDecompressSync(bytes)),
    ...tryTo(() => inflateRawSync(bytes)),
  ]
}

/** The first member. `gunzipSync` throws if other bytes follow. */
function readGzip(bytes: Buffer): Buffer {
  const hasName = ((bytes[3] ?? 0) & 8) !== 0
  return inflateRawSync(bytes.subarray(hasName ? bytes.indexOf(0, 10) + 1 : 10))
}

function tryTo(read: () => Buffer): Buffer[] {
  try {
    return [read()]
  } catch {
    return []
  }
}
