type Unit = '' | 'ms' | 's' | 'MB'

/** One line of the table. */
export interface Result {
  readonly what: string
  /** What was measured, with its unit: `85 µs`. */
  readonly measured: string
  /** What it is compared with: `http-proxy 120 µs`; empty for a limit of its own. */
  readonly against: string
  readonly value: number
  /** The unit of the value; empty for a ratio. */
  readonly unit: Unit
  /** Null if it is there for information only. */
  readonly bar: Bar | null
}

export type Bar = { readonly atMost: number } | { readonly atLeast: number }

export function isMet({ value, bar }: Result): boolean {
  if (bar === null) return true
  return 'atMost' in bar ? value <= bar.atMost : value >= bar.atLeast
}

/** Measured values as a ratio, with both in the same unit. */
export function ratio(
  what: string,
  ours: number,
  other: { readonly name: string; readonly value: number },
  { unit, bar }: { unit: string; bar: Bar | null },
): Result {
  return {
    what,
    measured: withUnit(ours, unit),
    against: `${other.name} ${withUnit(other.value, unit)}`,
    value: ours / other.value,
    unit: '',
    bar,
  }
}

/** A measured value with a limit of its own. */
export function limited(
  what: string,
  value: number,
  { unit, bar }: { unit: Unit; bar: Bar | null },
): Result {
  return { what, measured: withUnit(value, unit), against: '', value, unit, bar }
}

/** The columns of a result: what, value, bar, verdict, measured, against. */
export function columnsOf(result: Result): string[] {
  const { what, value, unit, bar, measured, against } = result
  const verdict = bar === null ? '' : isMet(result) ? 'ok' : 'MISSED'
  return [what, withUnit(value, unit), describeBar(bar, unit), verdict, measured, against]
}

function describeBar(bar: Bar | null, unit: string): string {
  if (bar === null) return ''
  return 'atMost' in bar ? `≤ ${withUnit(bar.atMost, unit)}` : `≥ ${withUnit(bar.atLeast, unit)}`
}

function withUnit(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  const text = Number(value.toFixed(digits)).toLocaleString('en-US')
  return unit === '' ? text : `${text} ${unit}`
}

/** The element with the smallest value. @throws Error if there is none */
export function least<Item>(items: readonly Item[], rank: (item: Item) => number): Item {
  const [first] = items.toSorted((one, other) => rank(one) - rank(other))
  if (first === undefined) throw new Error('there is nothing to choose from')
  return first
}
