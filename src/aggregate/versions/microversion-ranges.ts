import { setTimeout as delay } from 'node:timers/promises'
import type { SpName } from '../../ids.js'
import type { ServiceName } from '../../service/service.js'
import { microversionRangeOf } from './common-versions.js'
import type { VersionDocuments, VersionRequester } from './version-documents.js'

/**
 * Create the function that finds the microversions of a cloud; null if it has none or they are not known within
 * `waitMs`.
 */
export function createMicroversionRanges(documents: VersionDocuments, waitMs: number) {
  return async (service: ServiceName, cloud: SpName, requester: VersionRequester) => {
    const late = new AbortController()
    const document = await Promise.race([
      documents.of(service, cloud, requester),
      delay(waitMs, null, { ref: false, signal: late.signal }).catch(() => null),
    ])
    late.abort()
    const current = document?.versions.find(({ status }) => status === 'CURRENT')
    return current ? microversionRangeOf(current) : null
  }
}
