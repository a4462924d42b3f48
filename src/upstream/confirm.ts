import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { Unconfirmed } from '../routing/decision.js'
import type { ProbeResult } from '../routing/request.js'
import { conclusiveRead } from '../routing/upstream-path.js'
import { createLook } from './look.js'
import { lookInTime, type Sighting } from './search.js'
import { askerOf, type SendOptions, type UndecidedRequest } from './send.js'

/** Ask nearer clouds whether they hold what a service provider claims. */
export type AskNearer = (
  request: UndecidedRequest,
  claim: Unconfirmed,
) => Promise<readonly ProbeResult[]>

/**
 * Make what asks, with the user's own token, the clouds that could hold a resource without our
 * knowing. Their answers are recorded, so that each is asked once for each id and project. A service
 * provider that does not answer has no say, and is asked again another time; without the identity
 * provider's answer nothing is sent anywhere.
 *
 * @returns a function that throws SERVICE_PROVIDER_UNREACHABLE where the identity provider did not say
 *   whether it holds the resource
 */
export function createAskNearer(options: SendOptions): AskNearer {
  const { destinations, forget, observe, pools, timeouts, waits } = options
  const running = new Map<string, Promise<Sighting>>()

  async function askOnce(
    cloud: SpName,
    request: UndecidedRequest,
    claim: Unconfirmed,
  ): Promise<Sighting> {
    const { path, project } = request.request
    const asker = askerOf(request, options)
    const readOf = (resource: Unconfirmed['resource']) => conclusiveRead(resource, path, project)
    const look = createLook({ ...asker, readOf }, { destinations, pools, timeouts, forget })
    const sighting = await lookInTime(cloud, { look, resource: claim.resource, waits }, NEVER)
    const observation = sighting.kind === 'failed' ? undefined : sighting.observation
    if (observation) await observe(observation)
    return sighting
  }

  /** Requests that want to know the same at the same time share one read. */
  function ask(cloud: SpName, request: UndecidedRequest, claim: Unconfirmed): Promise<Sighting> {
    const { project } = request.request
    if (project === null) return askOnce(cloud, request, claim)
    const { type, id } = claim.resource
    const key = JSON.stringify([cloud, type, id, project])
    const sighting = running.get(key) ?? askOnce(cloud, request, claim)
    running.set(key, sighting)
    return sighting.finally(() => running.delete(key))
  }

  return async (request, claim) => {
    const results: ProbeResult[] = []
    for (const cloud of claim.askFirst) {
      const sighting = await ask(cloud, request, claim)
      if (cloud === IDENTITY_PROVIDER && !isAnswer(sighting)) throw unanswered(cloud, claim)
      const project = sighting.kind === 'found' ? sighting.project : null
      const isThere = sighting.kind === 'found'
      results.push({ cloud, resource: claim.resource, isThere, project })
      if (isThere) break
    }
    return results
  }
}

/** What others wait for as well is not called off with one request; the timeouts end it. */
const NEVER = new AbortController().signal

/** Of the identity provider only a 404 is a no: 403 and 400 leave open whether it holds the resource. */
function isAnswer(sighting: Sighting): boolean {
  return (
    sighting.kind === 'found' || (sighting.kind === 'absent' && sighting.observation !== undefined)
  )
}

function unanswered(cloud: SpName, { resource: { type, id }, to }: Unconfirmed): MixmatchError {
  return new MixmatchError(
    'SERVICE_PROVIDER_UNREACHABLE',
    `Service provider "${to}" says that it holds ${type} ${id}, and "${cloud}", which may hold ` +
      'it as well, did not say whether it does. Nothing was sent; try again later, or name the cloud ' +
      'in MM-SERVICE-PROVIDER.',
  )
}
