import { MixmatchError } from '../errors.js'
import { encodePathSegment, isPathSegment } from '../http-client/url-encoding.js'
import { micros, type ResourceKey } from '../ids.js'
import type { Drift } from '../projection/listing-comparison.js'
import type { ReadCloud, ReadResponse } from './cloud-reader.js'
import type { ListedCollection } from './collections.js'
import { bodyOf, isGone } from './listing.js'

/** Concurrent reads: enough to finish soon, and only a small load for a cloud. */
const AT_ONCE = 8

/**
 * Read each resource by its id, and return only the differences that this read confirms. A list alone is
 * not enough: it may come from a database replica that lags behind, and its pages are from different times.
 *
 * @throws UNEXPECTED_ANSWER if a response is neither yes nor no, and what `read` throws
 */
export async function confirmDrifts(
  drifts: readonly Drift[],
  collection: ListedCollection,
  read: ReadCloud,
): Promise<Drift[]> {
  const confirmed: Drift[] = []
  for (let from = 0; from < drifts.length; from += AT_ONCE) {
    const reads = drifts.slice(from, from + AT_ONCE).map(async drift => {
      if (!isPathSegment(drift.resource.id)) return [] // no service has such an id in a path
      const { exists, at } = await readResource(drift.resource, collection, read)
      return exists === (drift.difference === 'gone') ? [] : [{ ...drift, at: timeOf(drift, at) }]
    })
    confirmed.push(...(await Promise.all(reads)).flat())
  }
  return confirmed
}

/**
 * A deletion without a notification is later than all recorded events. A Date header has whole seconds, so
 * its time can be before a creation in the same second. Then the deletion would have no effect.
 */
function timeOf(drift: Drift, at: ReadResponse['at']): Drift['at'] {
  return drift.difference === 'gone' ? micros(Math.max(at, drift.at + 1)) : drift.at
}

async function readResource(
  { id }: ResourceKey,
  { service, name }: ListedCollection,
  read: ReadCloud,
): Promise<{ exists: boolean; at: ReadResponse['at'] }> {
  const path = `/${name}/${encodePathSegment(id)}`
  const response = await read(service, path)
  const body = bodyOf(response)
  if (body) return { exists: !isGone(body), at: response.at }
  if (response.status === 404) return { exists: false, at: response.at }
  throw new MixmatchError(
    'UNEXPECTED_ANSWER',
    `GET ${path} answered ${response.status}; expected the resource, or 404 where it is gone.`,
  )
}
