import { randomBytes } from 'node:crypto'
import { MixmatchError } from '../errors.js'
import { derTags, encodeDer } from './der.js'
import { postBytes } from './http-post.js'
import { readTimestamp } from './timestamp-response.js'

/** 2.16.840.1.101.3.4.2.1 */
const SHA_256 = Buffer.from('608648016503040201', 'hex')

/**
 * A request for a time stamp (RFC 3161, section 2.4.1). The hash of the event is the message imprint, so
 * `openssl ts -verify -digest HASH` checks the response.
 *
 * @param hash SHA-256, 64 hex digits
 */
function formatTimestampRequest(hash: string, nonce: Buffer): Buffer {
  const { sequence, integer, objectIdentifier, octetString, boolean } = derTags
  const algorithm = encodeDer(sequence, [
    encodeDer(objectIdentifier, SHA_256),
    encodeDer(derTags.null, []),
  ])
  const imprint = [algorithm, encodeDer(octetString, Buffer.from(hash, 'hex'))]
  return encodeDer(sequence, [
    encodeDer(integer, Buffer.from([1])),
    encodeDer(sequence, imprint),
    encodeDer(integer, nonce),
    encodeDer(boolean, Buffer.from([0xff])), // the response must have the certificate
  ])
}

/** A positive number without leading zeros. */
function createNonce(): Buffer {
  return Buffer.concat([Buffer.from([0x40 | ((randomBytes(1)[0] ?? 0) & 0x3f)]), randomBytes(7)])
}

/**
 * Ask a time-stamping authority to sign that it saw this hash now.
 *
 * @returns the response, DER: for the file of anchors, and for `openssl ts`
 * @throws ANCHOR_FAILED if it does not answer, or answers with something else
 */
export async function requestTimestamp(url: string, hash: string): Promise<Buffer> {
  const nonce = createNonce()
  const response = await postBytes(url, {
    type: 'application/timestamp-query',
    accept: 'application/timestamp-reply',
    body: formatTimestampRequest(hash, nonce),
  })
  const stamp = readTimestamp(response)
  if (stamp?.hash === hash && stamp.nonce?.equals(nonce)) return response
  throw new MixmatchError(
    'ANCHOR_FAILED',
    `${url}: expected a time stamp of ${hash}, found ${
      stamp === null ? 'a response without a granted time stamp' : 'one of another request'
    }.`,
  )
}
