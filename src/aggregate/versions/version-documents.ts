import { z } from 'zod'
import type { SpName } from '../../ids.js'
import { parseJson } from '../../json.js'
import { lenientList, requiredLenientList } from '../../lenient-list.js'
import type { ServiceName } from '../../service/service.js'
import type { Requester } from '../../upstream/destination.js'
import type { TextResponse } from '../../upstream/text-response.js'

/** One entry of a version document, with whatever else a service says in it. */
export type Version = z.infer<typeof version>

/** Only the id is always there. */
const version = z.looseObject({
  id: z.string(),
  status: z.string().catch(''),
  links: lenientList(z.looseObject({ rel: z.string(), href: z.string() })),
})

const versionDocument = z.looseObject({ versions: requiredLenientList(version) })

/** A version document, and the status that it came with: 300 where there is a choice to be made. */
export interface VersionDocument {
  readonly status: number
  readonly versions: readonly Version[]
}

/** Read `{"versions": […]}`; null where the text is no version document. */
export function parseVersions({ status, text }: TextResponse): VersionDocument | null {
  const parsed = versionDocument.safeParse(parseJson(text))
  return parsed.success ? { status, versions: parsed.data.versions } : null
}

/** On whose behalf a cloud is asked, where nothing better is known yet. */
export interface VersionRequester {
  readonly requester: Requester
  /** The proxies that the request has passed, ours the last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
}

/** What each cloud says of the versions of a service, at the root of its endpoint. */
export interface VersionDocuments {
  /** null where a cloud has never said it. While it is down, what it said before counts. */
  of(
    service: ServiceName,
    cloud: SpName,
    inquirer: VersionRequester,
  ): Promise<VersionDocument | null>
}

const FRESH_MS = 60_000
/** A cloud that was down, or that only a user with a token can be led to, is asked again sooner. */
const RETRY_MS = 10_000

interface CachedDocument {
  readonly document: Promise<VersionDocument | null>
  /** By the clock of `now`. */
  freshUntil: number
}

/**
 * Ask each cloud once a minute at most, however many requests want to know at once.
 *
 * @param fetchDocument null where the cloud does not answer
 * @param now in milliseconds of a clock that never goes back
 */
export function createVersionDocuments(
  fetchDocument: VersionDocuments['of'],
  now: () => number,
): VersionDocuments {
  const known = new Map<string, CachedDocument>()

  return {
    of(service, cloud, inquirer) {
      const key = `${service} ${cloud}`
      const before = known.get(key)
      if (before && now() < before.freshUntil) return before.document

      const document = fetchDocument(service, cloud, inquirer).then(async found => {
        if (found === null) entry.freshUntil = now() + RETRY_MS
        return found ?? (await before?.document) ?? null
      })
      const entry: CachedDocument = { document, freshUntil: now() + FRESH_MS }
      known.set(key, entry)
      return document
    },
  }
}
