import { parseVersions, type Version } from '../aggregate/versions/version-documents.js'
import type { ConnectionPool } from '../http-client/connection-pool.js'
import { headerValue } from '../http-client/raw-headers.js'
import { endpointBase } from '../routing/upstream-path.js'
import type { Timeouts } from '../upstream/failure.js'
import { fetchText } from '../upstream/text-response.js'
import { type CheckResult, failed, failureOf, ok } from './finding.js'

/** A service of a cloud that is checked. */
export interface CheckedService {
  /** As in `enabled_services` and `<name>_endpoint`. */
  readonly name: string
  /** The API version that Mixmatch uses: `v3`. */
  readonly version: string
}

/** Check that a service answers at its endpoint, and has the API version that Mixmatch uses. */
export async function checkService(
  pool: (origin: string) => ConnectionPool,
  { name, version }: CheckedService,
  endpoint: string,
  timeouts: Timeouts,
): Promise<CheckResult> {
  const { origin, pathname } = new URL(endpointBase(endpoint))
  const path = `${pathname.replace(/\/$/, '')}/`
  const what = `GET ${origin}${path}`
  try {
    const signal = AbortSignal.timeout(timeouts.headersTimeoutMs)
    const headers = ['Accept', 'application/json']
    const response = await fetchText(pool(origin), { path, headers, what }, timeouts, signal)
    if (headerValue(response.headers, 'mm-service-provider') !== undefined) {
      return failed(`${origin}${path} is a Mixmatch itself: set ${name}_endpoint to the service`)
    }
    const found = parseVersions(response)?.versions.find(({ id }) => id.split('.')[0] === version)
    if (found) return ok(`${origin}${path} answers${describeVersion(found)}`)
    return failed(
      `${origin}${path} answers ${response.status} without ${version} of ${name}: set ${name}_endpoint`,
    )
  } catch (error) {
    return failureOf(error)
  }
}

/** `, v3.0 with 3.0 to 3.70`, or `, v2.15` without microversions. */
function describeVersion({ id, min_version: min, version: max }: Version): string {
  return typeof min === 'string' && typeof max === 'string' && max !== ''
    ? `, ${id} with ${min} to ${max}`
    : `, ${id}`
}
