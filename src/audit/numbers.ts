/** The minimum of the values that are not null; null if all are null. */
export function minimum(values: readonly (number | null)[]): number | null {
  return values.reduce((one, other) => (one === null || (other ?? one) < one ? other : one), null)
}

/** The maximum of the values that are not null; null if all are null. */
export function maximum(values: readonly (number | null)[]): number | null {
  return values.reduce((one, other) => (one === null || (other ?? one) > one ? other : one), null)
}

/** `1 gap`, `2 gaps`. */
export function formatCount(n: number, one: string, several = `${one}s`): string {
  return `${n} ${n === 1 ? one : several}`
}

/** Microseconds as seconds, to the millisecond. */
export function toSeconds(microseconds: number | null): number | null {
  return microseconds === null ? null : Math.round(microseconds / 1e3) / 1e3
}
