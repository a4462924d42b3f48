import { MixmatchError } from '../errors.js'
import { encodePathSegment, isPathSegment } from '../http-client/url-encoding.js'
import { micros, type ResourceKey } from '../ids.js'
import type { Collection } from './collections.js'
import type { Drift } from './drift.js'
import { bodyOf, isGone } from './listing.js'
import type { Answer, Read } from './reader.js'

/** Reads at the same time: enough to be done soon, and no load to a cloud. */
const AT_ONCE = 8

/**
 * Ask for each resource by its id, where list and view say the opposite of each other: only what is
 * answered as the list has it stays. A list may be read from a database that lags behind, and its
 * pages are not of one moment.
 *
 * @throws UNEXPECTED_ANSWER where an answer is neither yes nor no, and what `read` throws
 */
export async function confirmed(
  drifts: readonly Drift[],
  collection: Collection,
  read: Read,
): Promise<Drift[]> {
  const kept: Drift[] = []
  for (let from = 0; from < drifts.length; from += AT_ONCE) {
    const looks = drifts.slice(from, from + AT_ONCE).map(async drift => {
      if (!isPathSegment(drift.resource.id)) return [] // no service can be asked for it
      const { lives, at } = await lookAt(drift.resource, collection, read)
      return lives === (drift.difference === 'gone') ? [] : [{ ...drift, at: agreed(drift, at) }]
    })
    kept.push(...(await Promise.all(looks)).flat())
  }
  return kept
}

/**
 * A deletion that nobody told is later than all that was told before. The whole seconds of a Date
 * header could be just before a creation in the same second, which would outlive it then.
 */
function agreed(drift: Drift, at: Answer['at']): Drift['at'] {
  return drift.difference === 'gone' ? micros(Math.max(at, drift.at + 1)) : drift.at
}

async function lookAt(
  { id }: ResourceKey,
  { service, name }: Collection,
  read: Read,
): Promise<{ lives: boolean; at: Answer['at'] }> {
  const path = `/${name}/${encodePathSegment(id)}`
  const answer = await read(service, path)
  const body = bodyOf(answer)
  if (body) return { lives: !isGone(body), at: answer.at }
  if (answer.status === 404) return { lives: false, at: answer.at }
  throw new MixmatchError(
    'UNEXPECTED_ANSWER',
    `GET ${path} answered ${answer.status}; expected the resource, or 404 where it is gone.`,
  )
}
