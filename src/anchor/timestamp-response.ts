import { childrenOf, type DerElement, decodeDer, derTags } from './der.js'

/** What a time-stamping authority signed. */
interface Timestamp {
  /** The hash, 64 hex digits for SHA-256. */
  readonly hash: string
  /** ISO 8601, UTC: `2026-11-23T13:20:06Z`. */
  readonly time: string
  readonly nonce: Buffer | null
}

/** PKIStatus: 0 is granted, 1 is granted with modifications (RFC 3161, section 2.4.2). */
const GRANTED = [0, 1]

/**
 * Read the response of a time-stamping authority (RFC 3161). The signature is not checked here:
 * `verifyTimestamp` does that.
 *
 * @returns null if the response is no time stamp, or the authority refused
 */
export function readTimestamp(response: Buffer): Timestamp | null {
  const { sequence, context0, integer, octetString, generalizedTime } = derTags
  const outer = childrenOf(decodeDer(response), 0, sequence)
  const status = childrenOf(outer, 0, sequence)?.[0]
  if (status?.tag !== integer || !GRANTED.includes(status.content[0] ?? -1)) return null
  // ContentInfo → SignedData → EncapsulatedContentInfo → TSTInfo
  const signed = childrenOf(childrenOf(childrenOf(outer, 1, sequence), 1, context0), 0, sequence)
  const content = childrenOf(childrenOf(signed, 2, sequence), 1, context0)
  const info = childrenOf(childrenOf(content, 0, octetString), 0, sequence)
  const imprint = childrenOf(info, 2, sequence)?.[1]
  const time = info?.find(({ tag }) => tag === generalizedTime)
  const at = time && parseGeneralizedTime(time.content.toString('latin1'))
  if (!info || imprint?.tag !== octetString || !at) return null
  return { hash: imprint.content.toString('hex'), time: at, nonce: nonceOf(info) }
}

/** The integer after the time. The numbers before it are version and serial number. */
function nonceOf(info: readonly DerElement[]): Buffer | null {
  const time = info.findIndex(({ tag }) => tag === derTags.generalizedTime)
  return info.slice(time + 1).find(({ tag }) => tag === derTags.integer)?.content ?? null
}

/** `20261123132006.5Z` → `2026-11-23T13:20:06.5Z`. */
function parseGeneralizedTime(text: string): string | null {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d(?:\.\d+)?)Z$/.exec(text) ?? []
  return year === undefined ? null : `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}
