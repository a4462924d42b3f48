/** One element of DER (ITU-T X.690): a tag and its content. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  generalizedTime: 0x18,
  sequence: 0x30,
  /** `[0]`, constructed. */
  context0: 0xa0,
} as const

/** Encode an element. The content of a constructed element is a list of encoded elements. */
export function encodeDer(tag: number, content: Buffer | readonly Buffer[]): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.concat([...content])
  return Buffer.concat([Buffer.from([tag]), encodeLength(bytes.length), bytes])
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const hex = length.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

/** No time stamp is so long that its length needs more bytes. */
const MOST_LENGTH_BYTES = 4

/** The elements in a content, in order; null if it is not DER. */
export function decodeDer(bytes: Buffer): DerElement[] | null {
  const elements: DerElement[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at)
    const first = bytes[at + 1]
    if (first === undefined) return null
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const begin = at + 2 + lengthBytes
    if (lengthBytes > MOST_LENGTH_BYTES || begin > bytes.length || first === 0x80) return null
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
    if (begin + length > bytes.length) return null
    elements.push({ tag, content: bytes.subarray(begin, begin + length) })
    at = begin + length
  }
  return elements
}

/** The elements inside the element at an index; null if there is none with this tag. */
export function childrenOf(
  elements: readonly DerElement[] | null,
  index: number,
  tag: number,
): DerElement[] | null {
  const element = elements?.[index]
  return element?.tag === tag ? decodeDer(element.content) : null
}
