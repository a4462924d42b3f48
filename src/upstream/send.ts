import type { IncomingMessage, ServerResponse } from 'node:http'
import { headerList, headerValue, type RawHeaders } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName } from '../ids.js'
import { parseJson } from '../json.js'
import type { Observation } from '../observation/observation.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import { findReadResource } from '../routing/request-rule.js'
import { buildResourcePath } from '../routing/upstream-path.js'
import { services } from '../service/services.js'
import type { ResponsePlan } from './client-response.js'
import type { CloudWaits } from './cloud-wait.js'
import type { Destination, Destinations, Requester } from './destination.js'
import type { Timeouts } from './failure.js'
import { forward, type Outcome } from './forward.js'
import { requestHeaders, responseHeaders } from './headers.js'
import { createLinkRewriter } from './link-rewriter.js'
import { createLinkMap, createLinkRules, createLinks, type Links } from './links.js'
import {
  createsResource,
  type ObservedResponse,
  observeCreated,
  observeMissing,
} from './observed-response.js'
import type { Pools } from './pools.js'
import { createProber, type ProbeRequest } from './prober.js'
import type { PublicAddress } from './public-address.js'
import { nameRequest } from './request-name.js'
import { search } from './search.js'
import { forgetToken, retryUnauthorized } from './token-retry.js'

/** A request on its way through the proxy. */
export interface ProxiedRequest {
  readonly request: RoutedRequest
  readonly decision: Decision
  readonly requester: Requester
  readonly publicAddress: PublicAddress
  readonly requestId: string
  readonly globalRequestId: string
  /** See `ForwardRequest`. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Called with the cloud to which it goes, before anything is sent there. */
  readonly onCloud: (cloud: SpName) => void
  /** Called when the response of the cloud begins, with the milliseconds that it took. */
  readonly onFirstByte: (ms: number) => void
  /** Called for each observation that the response waited for: whether it was recorded in time. */
  readonly onObserved: (isRecorded: boolean) => void
}

/** A request for which it is not decided yet to which cloud it goes. */
export type UndecidedRequest = Pick<
  ProxiedRequest,
  'request' | 'requester' | 'publicAddress' | 'requestId' | 'globalRequestId' | 'req'
>

export interface SendOptions {
  readonly destinations: Destinations
  readonly pools: Pools
  readonly waits: CloudWaits
  readonly forget: Identity['forget']
  /** @returns whether it was recorded in time, so that every worker knows it */
  readonly observe: (observation: Observation) => Promise<boolean>
  readonly timeouts: Timeouts
  /** By what other proxies know this one, in MM-PROXY-LIST: the Keystone name of its own cloud. */
  readonly proxyName: string
  /** The Keystone that clients log in to. */
  readonly authenticateUri: string
}

/** The cloud to which a request goes, and the project of its resource there, where that is known. */
interface ChosenCloud {
  readonly to: SpName
  readonly owner: ProjectId | null
}

/**
 * Make the function that sends a request to the cloud that was decided on, and the response back to the
 * client. What the response says of resources is observed before the client can act on it.
 *
 * @returns a function that throws what `Destinations`, `search` and `forward` do, while nothing was
 *   written to the client
 */
export function createSend(options: SendOptions): (proxied: ProxiedRequest) => Promise<Outcome> {
  const { destinations, pools, forget, observe, timeouts } = options

  async function chooseCloud(proxied: ProxiedRequest): Promise<ChosenCloud> {
    const { decision } = proxied
    switch (decision.kind) {
      case 'one':
        return { to: decision.to, owner: decision.owner }
      case 'aggregate':
        return { to: decision.among[0] ?? IDENTITY_PROVIDER, owner: null }
      case 'search': {
        const gone = new AbortController()
        proxied.res.once('close', () => gone.abort())
        const look = createProber(seekerOf(proxied, options), {
          destinations,
          pools,
          timeouts,
          forget,
        })
        const found = await search(decision, look, options.waits, gone.signal)
        // Where nobody has it, the answer that says so is the nearest cloud's own.
        if (!found) return { to: decision.among[0] ?? IDENTITY_PROVIDER, owner: null }
        const observations = [found.observation, ...(found.absences ?? [])]
        const recorded = await Promise.all(observations.map(observe))
        proxied.onObserved(!recorded.includes(false))
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
      answer(status, headers) {
        proxied.onFirstByte(performance.now() - begun)
        return status === 401 && mayRetry ? null : translate(status, headers)
      },
      timeouts,
      what: nameRequest(cloud, request.method, path),
    })
  }

  return async proxied => {
    const { request, requester, body } = proxied
    const { to, owner } = await chooseCloud(proxied)
    proxied.onCloud(to)
    const preference = { asked: request.controlHeaders.project, owner }
    return retryUnauthorized({
      access: () => destinations.resolve(to, request.path, requester, preference),
      send: (destination, mayRetry) => sendOnce(proxied, destination, mayRetry),
      forget: destination =>
        body === 'stream' ? null : forgetToken(requester, destination, forget),
    })
  }
}

function seekerOf(proxied: ProxiedRequest, options: SendOptions): ProbeRequest {
  const { path } = proxied.request
  return {
    ...askerOf(proxied, options),
    readOf(resource) {
      const read = buildResourcePath(resource, path)
      return read && { path: read, isConclusive: findReadResource('GET', read) !== null }
    },
  }
}

/** On whose behalf clouds are asked before a request is sent. */
export function askerOf(
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

/** Make the function that turns the head of a cloud's response into what the client gets. */
export function createResponseTranslator(
  proxied: ProxiedRequest,
  destination: Destination,
  options: SendOptions,
): (status: number, headers: RawHeaders) => ResponsePlan {
  const { request, decision, requestId } = proxied
  const { observe } = options
  let links: Links | undefined
  const linksOf = () => {
    links ??= createLinks({
      ...createLinkMap(request.path, proxied.requester.caller, destination),
      to: `${proxied.publicAddress.publicBase}/${request.path.service}`,
    })
    return links
  }

  return (status, headers) => {
    const observed: ObservedResponse = { request, destination, headers, requestId }
    const isJson = isWholeJson(status, headers)
    const missing = status === 404 ? observeMissing(observed, decision) : null
    const creates = isJson && status >= 200 && status < 300 && createsResource(request)

    /** The client must not act on the response before every worker knows what it says. */
    async function observeBody(body: Buffer): Promise<void> {
      const observation = missing ?? observeCreated(observed, parseJson(body.toString()))
      if (observation) proxied.onObserved(await observe(observation))
    }

    return {
      headers: responseHeaders(headers, {
        auth: destination.auth,
        serviceProvider: destination.cloud,
        requestId,
        authenticateUri: options.authenticateUri,
        rewriteLocation: location => linksOf().url(location),
      }),
      rewrite:
        isJson && holdsLinks(request)
          ? () => createLinkRewriter(createLinkRules(linksOf(), request.path))
          : null,
      observe: creates || missing ? observeBody : null,
    }
  }
}

/** Glance has links in lists only; in other documents, such names are properties that users chose. */
function holdsLinks({ path }: RoutedRequest): boolean {
  const { kind } = path.target
  return kind === 'discovery' || kind === 'collection' || services[path.service].absoluteLinks
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/** A part of a document, or one in a content coding, is neither read nor changed. */
function isWholeJson(status: number, headers: RawHeaders): boolean {
  const coding = headerList(headers, 'content-encoding') ?? 'identity'
  const type = headerValue(headers, 'content-type') ?? ''
  return status !== 206 && coding === 'identity' && JSON_TYPE.test(type)
}

/** The request's headers, for a plain read in its place. */
export function withoutConditions(headers: RawHeaders): RawHeaders {
  return headers.filter(
    (_, index) => !/^(?:content-|if-|range$)/i.test(headers[index - (index % 2)] ?? ''),
  )
}
