import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { Unconfirmed } from '../routing/decision.js'
import type { PresenceCheck } from '../routing/request.js'
import { planConclusiveRead } from '../routing/upstream-path.js'
import { createProber } from './prober.js'
import type { UndecidedRequest } from './proxied-request.js'
import { type ProbeResult, probeInTime } from './search.js'
import { requesterOf, type SendOptions } from './send.js'

/** Asks nearer clouds whether they hold a resource that a service provider claims. */
export type AskNearer = (
  request: UndecidedRequest,
  claim: Unconfirmed,
) => Promise<readonly PresenceCheck[]>

/**
 * Create the function that asks nearer clouds, with the user's own token, for a resource that only a
 * service provider claims to hold. The responses are recorded, so each cloud is asked once for each id
 * and project. If a nearer service provider does not respond, the claim counts for this request. If the
 * identity provider does not respond, the request is sent to no cloud.
 *
 * @returns a function that throws SERVICE_PROVIDER_UNREACHABLE if the identity provider did not say
 *   whether it holds the resource
 */
export function createAskNearer(options: SendOptions): AskNearer {
  const { destinations, forget, observe, pools, timeouts, waits } = options
  const running = new Map<string, Promise<ProbeResult>>()

  async function askOnce(
    cloud: SpName,
    request: UndecidedRequest,
    claim: Unconfirmed,
  ): Promise<ProbeResult> {
    const { path, project } = request.request
    const asker = requesterOf(request, options)
    const readOf = (resource: Unconfirmed['resource']) =>
      planConclusiveRead(resource, path, project)
    const prober = createProber({ ...asker, readOf }, { destinations, pools, timeouts, forget })
    const result = await probeInTime(cloud, { prober, resource: claim.resource, waits }, NEVER)
    const observation = result.kind === 'failed' ? undefined : result.observation
    if (observation) await observe(observation)
    return result
  }

  /** Concurrent requests for the same resource and project share one read. */
  function ask(cloud: SpName, request: UndecidedRequest, claim: Unconfirmed): Promise<ProbeResult> {
    const { project } = request.request
    if (project === null) return askOnce(cloud, request, claim)
    const { type, id } = claim.resource
    const key = JSON.stringify([cloud, type, id, project])
    const result = running.get(key) ?? askOnce(cloud, request, claim)
    running.set(key, result)
    return result.finally(() => running.delete(key))
  }

  return async (request, claim) => {
    const checks: PresenceCheck[] = []
    for (const cloud of claim.askFirst) {
      const result = await ask(cloud, request, claim)
      if (cloud === IDENTITY_PROVIDER && !isConclusive(result)) throw noResponse(cloud, claim)
      const project = result.kind === 'found' ? result.project : null
      const isThere = result.kind === 'found'
      checks.push({ cloud, resource: claim.resource, isThere, project })
      if (isThere) break
    }
    return checks
  }
}

/** Other requests may wait for the same probe, so no client can abort it. The timeouts end it. */
const NEVER = new AbortController().signal

/** Only 404 means that the identity provider does not hold the resource. 403 and 400 prove nothing. */
function isConclusive(result: ProbeResult): boolean {
  return result.kind === 'found' || (result.kind === 'absent' && result.isCertain === true)
}

function noResponse(cloud: SpName, { resource: { type, id }, to }: Unconfirmed): MixmatchError {
  return new MixmatchError(
    'SERVICE_PROVIDER_UNREACHABLE',
    `Service provider "${to}" says that it holds ${type} ${id}, and "${cloud}", which may hold ` +
      'it as well, did not say whether it does. Nothing was sent; try again later, or name the cloud ' +
      'in MM-SERVICE-PROVIDER.',
  )
}
