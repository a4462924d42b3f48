import type { Version } from './version-documents.js'

/**
 * The versions that all documents have, as the first one describes them, with the microversions that
 * every cloud supports. The newest version is current.
 */
export function intersectVersions(
  documents: readonly [readonly Version[], ...(readonly Version[])[]],
): readonly Version[] {
  const [first, ...others] = documents
  const shared = first.flatMap(version => {
    const same = others.map(versions => versions.find(({ id }) => id === version.id))
    const all = [version, ...same.filter(each => each !== undefined)]
    const narrowed = all.length === documents.length ? narrow(version, all) : null
    return narrowed ? [narrowed] : []
  })
  return withCurrent(shared)
}

/** The lowest and the highest microversion of a version, as the number after the point. */
export function microversionRangeOf(version: Version): { min: number; max: number } | null {
  const min = minor(version['min_version'])
  const max = minor(version['version'])
  return min === null || max === null ? null : { min, max }
}

/** null if no microversion is common to all. */
function narrow(version: Version, all: readonly Version[]): Version | null {
  const ranges = all.map(microversionRangeOf).filter(range => range !== null)
  if (ranges.length < all.length) return version
  const min = Math.max(...ranges.map(range => range.min))
  const max = Math.min(...ranges.map(range => range.max))
  if (min > max) return null
  const major = version.id.replace(/^v|\..*$/g, '')
  return { ...version, min_version: `${major}.${min}`, version: `${major}.${max}` }
}

function withCurrent(versions: readonly Version[]): readonly Version[] {
  if (versions.some(({ status }) => status === 'CURRENT')) return versions
  const newest = [...versions].sort(byNumber).at(-1)
  return versions.map(version => (version === newest ? { ...version, status: 'CURRENT' } : version))
}

function byNumber(a: Version, b: Version): number {
  const [left, right] = [a, b].map(({ id }) => id.slice(1).split('.').map(Number))
  const [major = 0, minor = 0] = left ?? []
  const [otherMajor = 0, otherMinor = 0] = right ?? []
  return major - otherMajor || minor - otherMinor
}

function minor(text: unknown): number | null {
  const digits = typeof text === 'string' ? /^\d+\.(\d+)$/.exec(text)?.[1] : undefined
  return digits === undefined ? null : Number(digits)
}
