/** Least and greatest of what is known; null where nothing is. */
export function least(values: readonly (number | null)[]): number | null {
  return values.reduce((one, other) => (one === null || (other ?? one) < one ? other : one), null)
}

export function greatest(values: readonly (number | null)[]): number | null {
  return values.reduce((one, other) => (one === null || (other ?? one) > one ? other : one), null)
}

/** `1 gap`, `2 gaps`. */
export function counted(n: number, one: string, several = `${one}s`): string {
  return `${n} ${n === 1 ? one : several}`
}

/** Microseconds as seconds, to the millisecond. */
export function seconds(microseconds: number | null): number | null {
  return microseconds === null ? null : Math.round(microseconds / 1e3) / 1e3
}
