/** The value that this share (0 to 1) of the values do not exceed. @throws Error if there are no values */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  if (value === undefined) throw new Error('there are no values')
  return value
}
