import { createAggregator } from '../aggregate/aggregator.js'
import { createCursors, cursorKey } from '../aggregate/lists/cursor.js'
import { createMergedList } from '../aggregate/lists/merged-list.js'
import { createSummary } from '../aggregate/lists/summary.js'
import { createVersionFetcher } from '../aggregate/versions/fetch-versions.js'
import { createMicroversionRanges } from '../aggregate/versions/microversion-ranges.js'
import { createVersionDiscovery } from '../aggregate/versions/version-discovery.js'
import { createVersionDocuments } from '../aggregate/versions/version-documents.js'
import type { Outcome } from '../upstream/forward-request.js'
import type { ProxiedRequest } from '../upstream/proxied-request.js'
import { createSend, type SendOptions } from '../upstream/send.js'

export interface DispatchOptions {
  /** If a cloud is missing in a list: respond with the items of the others, or with its error. */
  readonly errors: 'partial' | 'fail'
  /** The key that signs list cursors is derived from these. They must be the same on every node. */
  readonly secrets: readonly string[]
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** How long a list waits for the version document of a cloud; a second by default. */
  readonly versionWaitMs?: number
}

/** A version document takes milliseconds. */
const VERSION_WAIT_MS = 1000

/** Make the function that sends a request to the one cloud or the several clouds of its decision. */
export function createDispatch(
  options: SendOptions,
  { errors, secrets, now, versionWaitMs = VERSION_WAIT_MS }: DispatchOptions,
): (proxied: ProxiedRequest) => Promise<Outcome> {
  const documents = createVersionDocuments(createVersionFetcher(options), now)
  const listParts = {
    ...options,
    microversions: createMicroversionRanges(documents, versionWaitMs),
    cursors: createCursors(cursorKey(secrets)),
    errors,
  }
  const aggregate = createAggregator({
    list: createMergedList(listParts),
    sum: createSummary(listParts),
    discover: createVersionDiscovery({ ...options, documents }),
    send: options,
  })
  const send = createSend(options)
  return proxied => aggregate(proxied) ?? send(proxied)
}
