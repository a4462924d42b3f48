import { headerList, type RawHeaders, withoutHeader } from '../../http-client/raw-headers.js'

/** The microversions that a cloud supports, by the number after the point: 3.70 is 70. */
export interface MicroversionRange {
  readonly min: number
  readonly max: number
}

const HEADER = 'openstack-api-version'
const WANTED = /^(\S+)\s+(?:3\.(\d+)|latest)$/

/**
 * The headers with a microversion that means the same to every cloud. `latest` differs between clouds,
 * and a number may be too new for one of them: both become the newest that all support. A number that
 * is too new for all clouds stays, so that they reject it themselves.
 *
 * @param ranges the known ranges of the clouds
 */
export function withCommonMicroversion(
  headers: RawHeaders,
  ranges: readonly MicroversionRange[],
): RawHeaders {
  const asked = headerList(headers, HEADER)
  if (asked === undefined || ranges.length === 0) return headers
  const maxima = ranges.map(({ max }) => max)
  const common = Math.min(...maxima)
  const newest = Math.max(...maxima)
  const resolved = asked.split(',').map(part => {
    const [, service = '', minor] = WANTED.exec(part.trim()) ?? []
    if (service !== 'volume') return part
    const isCommon = minor !== undefined && Number(minor) <= common
    const isUnknown = minor !== undefined && Number(minor) > newest
    return isCommon || isUnknown ? part : `volume 3.${common}`
  })
  return [...withoutHeader(headers, HEADER), 'OpenStack-API-Version', resolved.join(',').trim()]
}

/** The number after the point of the requested microversion: 0 for none, infinite for `latest`. */
export function requestedMicroversion(headers: RawHeaders): number {
  const parts = (headerList(headers, HEADER) ?? '').split(',')
  const wanted = parts.map(part => WANTED.exec(part.trim())).find(match => match?.[1] === 'volume')
  return wanted ? Number(wanted[2] ?? Number.POSITIVE_INFINITY) : 0
}

/**
 * Whether a microversion has a feature.
 *
 * @param since the first microversion that has it, such as `3.59`; null if all have it
 */
export function isSupported(since: string | null, minor: number): boolean {
  return since === null || minor >= Number(since.replace(/^3\./, ''))
}
