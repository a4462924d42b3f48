import { createGather } from '../aggregate/gather.js'
import { createCursors, cursorKey } from '../aggregate/lists/cursor.js'
import { createLists } from '../aggregate/lists/lists.js'
import { createSums } from '../aggregate/lists/sum.js'
import { createFetchDocument } from '../aggregate/versions/fetch-versions.js'
import { createDiscovery, createMinors } from '../aggregate/versions/version-discovery.js'
import { createDocuments } from '../aggregate/versions/version-documents.js'
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
  const documents = createDocuments(createFetchDocument(options), now)
  const listParts = {
    ...options,
    minors: createMinors(documents),
    cursors: createCursors(cursorKey(secrets)),
    errors,
  }
  const gather = createGather({
    list: createLists(listParts),
    sum: createSums(listParts),
    discover: createDiscovery({ ...options, documents }),
    send: options,
  })
  const send = createSend(options)
  return passage => gather(passage) ?? send(passage)
}
