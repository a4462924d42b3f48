import { createHash, createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

/** Signs and verifies the messages of one stream. All nodes of a fleet have the same key. */
export interface FleetKey {
  /** Identifies the key without revealing it: 16 hex digits. */
  readonly id: string
  /** HMAC-SHA256, 64 hex digits. */
  sign(content: Buffer): string
  verify(content: Buffer, signature: unknown): boolean
}

/**
 * Derive the key of a stream.
 *
 * @param secrets what only the nodes know, as for cursors of lists (`sharedSecrets`)
 * @param stream the name of the stream, so that a message of another stream is not valid here
 */
export function createFleetKey(secrets: readonly string[], stream: string): FleetKey {
  const material = JSON.stringify(secrets)
  const key = Buffer.from(hkdfSync('sha256', material, '', `mixmatch fleet ${stream}`, 32))
  const prepared = createSecretKey(key) // with a buffer instead, an HMAC takes four times as long
  const sign = (content: Buffer) => createHmac('sha256', prepared).update(content).digest()
  return {
    id: createHash('sha256').update('mixmatch key id').update(key).digest('hex').slice(0, 16),
    sign: content => sign(content).toString('hex'),
    verify(content, signature) {
      if (typeof signature !== 'string' || !/^[0-9a-f]{64}$/.test(signature)) return false
      return timingSafeEqual(Buffer.from(signature, 'hex'), sign(content))
    },
  }
}
