import * as z from 'zod'
import type { SpName } from '../../ids.js'
import { parseJson } from '../../json.js'
import { lenientList, requiredLenientList } from '../../lenient-list.js'
import type { ServiceName } from '../../service/service.js'
import type { Requester } from '../../upstream/destination.js'
import type { TextResponse } from '../../upstream/text-response.js'

/** One entry of a version document, with all its members. */
export type Version = z.infer<typeof version>

/** Only the id is always present. */
const version = z.looseObject({
  id: z.string(),
  status: z.string().catch(''),
  links: lenientList(z.looseObject({ rel: z.string(), href: z.string() })),
})

const versionDocument = z.looseObject({ versions: requiredLenientList(version) })

/** A version document, and the status of its response: 300 if there is a choice. */
export interface VersionDocument {
  readonly status: number
  readonly versions: readonly Version[]
}

/** Parse `{"versions": […]}`; null if the text is not a version document. */
export function parseVersions({ status, text }: TextResponse): VersionDocument | null {
  const parsed = versionDocument.safeParse(parseJson(text))
  return parsed.success ? { status, versions: parsed.data.versions } : null
}

/** For whom a version document is fetched that is not in the cache. */
export interface VersionRequester {
  readonly requester: Requester
  /** The proxies that the request has passed, this one last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
}

/** The version documents at the roots of the clouds' services, cached. */
export interface VersionDocuments {
  /** null if the cloud has never responded. While it is down, its last document is used. */
  of(
    service: ServiceName,
    cloud: SpName,
    requester: VersionRequester,
  ): Promise<VersionDocument | null>
}

const FRESH_MS = 60_000
/** A cloud is asked again sooner if it did not respond, or if its endpoint is known only from a token. */
const RETRY_MS = 10_000

interface CachedDocument {
  readonly document: Promise<VersionDocument | null>
  /** On the clock of `now`. */
  freshUntil: number
}

/**
 * Cache version documents for a minute. Concurrent requests share one fetch.
 *
 * @param fetchDocument returns null if the cloud does not respond
 * @param now milliseconds of a clock that never goes back
 */
export function createVersionDocuments(
  fetchDocument: VersionDocuments['of'],
  now: () => number,
): VersionDocuments {
  const known = new Map<string, CachedDocument>()

  return {
    of(service, cloud, requester) {
      const key = `${service} ${cloud}`
      const before = known.get(key)
      if (before && now() < before.freshUntil) return before.document

      const document = fetchDocument(service, cloud, requester).then(async found => {
        if (found === null) entry.freshUntil = now() + RETRY_MS
        return found ?? (await before?.document) ?? null
      })
      const entry: CachedDocument = { document, freshUntil: now() + FRESH_MS }
      known.set(key, entry)
      return document
    },
  }
}
