/** Chance that falls the same way every time, so that a sample can be made again to the byte. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number
  below(limit: number): number
  pick<Value>(values: readonly [Value, ...Value[]]): Value
  uuid(): string
}

/** Mulberry32. */
export function chance(seed: number): Chance {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    pick: values => values[below(values.length)] ?? values[0],
    uuid() {
      const hex = Array.from({ length: 32 }, () => below(16).toString(16))
      hex[12] = '4'
      hex[16] = '8'
      const text = hex.join('')
      return [0, 8, 12, 16, 20]
        .map((from, part) => text.slice(from, [8, 12, 16, 20, 32][part]))
        .join('-')
    },
  }
}
