import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import test from 'ava'
import { findSecrets } from './secret-forms.js'

const secret = 'gAAAAABplanted-secret-0123456789'
const secrets = new Map([
  ['planted', secret],
  ['absent', 'gAAAAABanother-secret-9876543210'],
])
const text = `{"a": "some words around it", "b": "${secret}", "c": 1}`

/** A file with this content in its middle. */
const within = (content: Buffer) =>
  Buffer.concat([Buffer.from('before '), content, Buffer.from(' after')])

const planted: Record<string, Buffer> = {
  'as it is': Buffer.from(text),
  reversed: Buffer.from(secret.split('').toReversed().join('')),
  'in hexadecimal digits': within(Buffer.from(Buffer.from(text).toString('hex'))),
  'in capital hexadecimal digits': within(
    Buffer.from(Buffer.from(text).toString('hex').toUpperCase()),
  ),
  'in UTF-16': within(Buffer.from(text, 'utf16le')),
  'in base64': within(Buffer.from(Buffer.from(text).toString('base64'))),
  'in base64, one byte later': within(Buffer.from(Buffer.from(` ${text}`).toString('base64'))),
  'in base64 for URLs': within(Buffer.from(Buffer.from(`  ${text}`).toString('base64url'))),
  'for a URL': within(Buffer.from(encodeURIComponent(text))),
  'in gzip': within(gzipSync(text)),
  'in zlib': within(deflateSync(text)),
  'in zstd': within(zstdCompressSync(text)),
  'in brotli': brotliCompressSync(text),
  'in bare deflate': deflateRawSync(text),
}

for (const [form, bytes] of Object.entries(planted)) {
  test(`the search for secrets finds a planted one ${form}, and no other`, t => {
    t.deepEqual(findSecrets(bytes, secrets), ['planted'])
  })
}
