import type { Dispatcher } from 'undici'
import { parseVersions, type Version } from '../aggregate/versions/version-documents.js'
import { headerValue } from '../http-client/raw-headers.js'
import { endpointBase } from '../routing/upstream-path.js'
import type { ServiceName } from '../service/service.js'
import { services } from '../service/services.js'
import type { Timeouts } from '../upstream/failure.js'
import { fetchText } from '../upstream/text-response.js'
import { type CheckResult, failed, failureOf, ok } from './finding.js'

/** Whether a service answers at its endpoint, in the version that Mixmatch speaks. */
export async function checkService(
  pool: (origin: string) => Dispatcher,
  service: ServiceName,
  endpoint: string,
  timeouts: Timeouts,
): Promise<CheckResult> {
  const { origin, pathname } = new URL(endpointBase(endpoint))
  const path = `${pathname.replace(/\/$/, '')}/`
  const what = `GET ${origin}${path}`
  try {
    const signal = AbortSignal.timeout(timeouts.headersTimeoutMs)
    const headers = ['Accept', 'application/json']
    const answer = await fetchText(pool(origin), { path, headers, what }, timeouts, signal)
    if (headerValue(answer.headers, 'mm-service-provider') !== undefined) {
      return failed(`${origin}${path} is a Mixmatch itself: set ${service}_endpoint to the service`)
    }
    const { version } = services[service]
    const found = parseVersions(answer)?.versions.find(({ id }) => id.split('.')[0] === version)
    if (found) return ok(`${origin}${path} answers${spoken(found)}`)
    return failed(
      `${origin}${path} answers ${answer.status} without ${version} of ${service}: set ${service}_endpoint`,
    )
  } catch (error) {
    return failureOf(error)
  }
}

/** `, v3.0 to 3.70`, where it says so. */
function spoken({ id, min_version: min, version: max }: Version): string {
  return typeof min === 'string' && typeof max === 'string' && max !== ''
    ? `, ${id} with ${min} to ${max}`
    : `, ${id}`
}
