import { createAggregator } from '../aggregate/aggregator.js'
import { createCursors, cursorKey } from '../aggregate/lists/cursor.js'
import { createMergedList } from '../aggregate/lists/merged-list.js'
import { createSummary } from '../aggregate/lists/summary.js'
import { createVersionFetcher } from '../aggregate/versions/fetch-versions.js'
import {
  createMicroversionRanges,
  createVersionDiscovery,
} from '../aggregate/versions/version-discovery.js'
import { createVersionDocuments } from '../aggregate/versions/version-documents.js'
import type { Outcome } from '../upstream/forward.js'
import { createSend, type Passage, type SendOptions } from '../upstream/send.js'

export interface DispatchOptions {
  /** Whether a list of which something is missing is better than none. */
  readonly errors: 'partial' | 'fail'
  /** From which the key is derived that signs positions in lists: alike on every node. */
  readonly secrets: readonly string[]
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/** Make what takes a request to the one cloud or to the several that it was decided to go to. */
export function createDispatch(
  options: SendOptions,
  { errors, secrets, now }: DispatchOptions,
): (passage: Passage) => Promise<Outcome> {
  const documents = createVersionDocuments(createVersionFetcher(options), now)
  const listParts = {
    ...options,
    minors: createMicroversionRanges(documents),
    cursors: createCursors(cursorKey(secrets)),
    errors,
  }
  const gather = createAggregator({
    list: createMergedList(listParts),
    sum: createSummary(listParts),
    discover: createVersionDiscovery({ ...options, documents }),
    send: options,
  })
  const send = createSend(options)
  return passage => gather(passage) ?? send(passage)
}
