/** A value of a cell in SQLite. */
export type Value = number | string | Buffer | null

/** Forged values for a cell: of its own type and of every other type, and none that is the same. */
export function forgeries(value: Value): Value[] {
  return candidates(value).filter(forged => !isSame(forged, value))
}

function candidates(value: Value): Value[] {
  if (value === null) return [0, 1, 'forged', Buffer.from('forged')]
  if (typeof value === 'number') return [value + 1, -1, 2 ** 53 + 2, null]
  if (typeof value === 'string') {
    const cases = [value.toUpperCase(), value.toLowerCase(), `${value}\u0000`]
    return [...cases, '', Buffer.from(value), null]
  }
  const flipped = [0, value.length >> 1, value.length - 1].flatMap(index =>
    [1, 0x80].map(bit => {
      const bytes = Buffer.from(value)
      bytes[index] = (bytes[index] ?? 0) ^ bit
      return bytes
    }),
  )
  const hex = value.toString('hex')
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, '$1-$2-$3-$4-$5')
  const longer = Buffer.concat([value, Buffer.from([0])])
  return [...flipped, longer, value.subarray(1), hex, uuid, uuid.toUpperCase(), null]
}

function isSame(one: Value, other: Value): boolean {
  if (Buffer.isBuffer(one) && Buffer.isBuffer(other)) return one.equals(other)
  return one === other
}
