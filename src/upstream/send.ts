import type { RawHeaders } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName } from '../ids.js'
import type { Aggregate, Search } from '../routing/decision.js'
import { findReadResource } from '../routing/request-rule.js'
import { buildResourcePath } from '../routing/upstream-path.js'
import type { CloudWaits } from './cloud-wait.js'
import type { Destination, Destinations } from './destination.js'
import type { Timeouts } from './failure.js'
import { forward } from './forward.js'
import type { Outcome } from './forward-request.js'
import { requestHeaders } from './headers.js'
import { createsResource } from './observed-response.js'
import type { Pools } from './pools.js'
import { createProber, type ProbeRequest } from './prober.js'
import { noteObserved, type ProxiedRequest, type UndecidedRequest } from './proxied-request.js'
import { nameRequest } from './request-name.js'
import {
  createResponseTranslator,
  holdsLinks,
  type TranslatorOptions,
} from './response-translator.js'
import { search } from './search.js'
import { forgetToken, retryUnauthorized } from './token-retry.js'

export interface SendOptions extends TranslatorOptions {
  readonly destinations: Destinations
  readonly pools: Pools
  readonly waits: CloudWaits
  readonly forget: Identity['forget']
  readonly timeouts: Timeouts
  /** The name of this proxy in MM-PROXY-LIST: the Keystone name of its own cloud. */
  readonly proxyName: string
}

/** The cloud to which a request goes, and the project of its resource there, if known. */
interface ChosenCloud {
  readonly to: SpName
  readonly owner: ProjectId | null
}

/**
 * Create the function that sends a request to its decided cloud, and the response back to the client.
 * What the response says about resources is observed before the client can act on it.
 *
 * @returns a function that throws as `Destinations`, `search` and `forward`, but only before anything
 *   was written to the client
 */
export function createSend(options: SendOptions): (proxied: ProxiedRequest) => Promise<Outcome> {
  const { destinations, pools, forget, observe, timeouts } = options

  async function chooseCloud(
    decision: Search | Aggregate,
    proxied: ProxiedRequest,
  ): Promise<ChosenCloud> {
    switch (decision.kind) {
      case 'aggregate':
        return { to: decision.among[0] ?? IDENTITY_PROVIDER, owner: null }
      case 'search': {
        const clientGone = new AbortController()
        proxied.res.once('close', () => clientGone.abort())
        const probe = createProber(probeRequestOf(proxied, options), {
          destinations,
          pools,
          timeouts,
          forget,
        })
        const found = await search(decision, probe, options.waits, clientGone.signal)
        // If no cloud has it, the client gets the 404 of the nearest cloud.
        if (!found) return { to: decision.among[0] ?? IDENTITY_PROVIDER, owner: null }
        const observations = [found.observation, ...(found.absences ?? [])]
        const recorded = await Promise.all(observations.map(observe))
        noteObserved(proxied.progress, !recorded.includes(false))
        return { to: found.observation.serviceProvider, owner: found.project }
      }
    }
  }

  function sendOnce(
    proxied: ProxiedRequest,
    destination: Destination,
    mayRetry: boolean,
  ): Promise<Outcome> {
    const { request, body, req, res } = proxied
    const { cloud, origin, path } = destination
    const translate = createResponseTranslator(proxied, destination, options)
    const begun = performance.now()
    return forward({
      pool: pools.pool(cloud, origin),
      method: request.method,
      path,
      headers: headersTo(destination, proxied, options),
      body,
      req,
      res,
      planResponse(status, headers) {
        proxied.progress.firstByteMs = performance.now() - begun
        return status === 401 && mayRetry ? null : translate(status, headers)
      },
      timeouts,
      what: () => nameRequest(cloud, request.method, path),
    })
  }

  function sendTo({ to, owner }: ChosenCloud, proxied: ProxiedRequest): Promise<Outcome> {
    const { request, requester, body } = proxied
    proxied.progress.serviceProvider = to
    const preference = { asked: request.controlHeaders.project, owner }
    return retryUnauthorized({
      access: () => destinations.resolve(to, request.path, requester, preference),
      send: (destination, mayRetry) => sendOnce(proxied, destination, mayRetry),
      forget: destination =>
        body === 'stream' ? null : forgetToken(requester, destination, forget),
    })
  }

  return proxied => {
    const { decision } = proxied
    return decision.kind === 'one'
      ? sendTo(decision, proxied)
      : chooseCloud(decision, proxied).then(chosen => sendTo(chosen, proxied))
  }
}

function probeRequestOf(proxied: ProxiedRequest, options: SendOptions): ProbeRequest {
  const { path } = proxied.request
  return {
    ...requesterOf(proxied, options),
    readOf(resource) {
      const read = buildResourcePath(resource, path)
      return read && { path: read, isConclusive: findReadResource('GET', read) !== null }
    },
  }
}

/** What a probe has in common with its request, to find a resource before the request itself is sent. */
export function requesterOf(
  proxied: UndecidedRequest,
  options: SendOptions,
): Omit<ProbeRequest, 'readOf'> {
  const { request, requester, requestId } = proxied
  return {
    requester,
    asked: request.controlHeaders.project,
    requestId,
    headers: (destination: Destination) =>
      withoutConditions(headersTo(destination, proxied, options)),
  }
}

/** The headers with which a request is sent to a destination. */
export function headersTo(
  destination: Destination,
  proxied: UndecidedRequest,
  options: SendOptions,
): RawHeaders {
  const { request, publicAddress, globalRequestId, req } = proxied
  return requestHeaders(req.rawHeaders, {
    auth: destination.auth,
    globalRequestId,
    forwarded: [
      ...publicAddress.forwarded,
      'X-Forwarded-Prefix',
      `${publicAddress.publicPath}/${request.path.service}`,
    ],
    visited: [...request.controlHeaders.proxyList, options.proxyName],
    readable: holdsLinks(request) || createsResource(request),
  })
}

/** The headers of a plain read: the request's without conditions, range and body. */
export function withoutConditions(headers: RawHeaders): RawHeaders {
  return headers.filter(
    (_, index) => !/^(?:content-|if-|range$)/i.test(headers[index - (index % 2)] ?? ''),
  )
}
