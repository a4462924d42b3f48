import type { IncomingMessage, ServerResponse } from 'node:http'
import { headerList, headerValue, type RawHeaders } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName } from '../ids.js'
import { parseJson } from '../json.js'
import type { Observation } from '../observation/observation.js'
import { readIn } from '../routing/call.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import { pathOf } from '../routing/upstream-path.js'
import { services } from '../service/services.js'
import type { CloudWaits } from './cloud-wait.js'
import type { Destination, Destinations, Sender } from './destination.js'
import type { Timeouts } from './failure.js'
import { forward, type Outcome } from './forward.js'
import type { Arrival } from './forwarded.js'
import { requestHeaders, responseHeaders } from './headers.js'
import { createLinkRewriter } from './link-rewriter.js'
import { createLinks, type Links, linkMap, linkRules } from './links.js'
import { createLook, type Seeker } from './look.js'
import { type Lesson, learnCreated, learnMissing, namesSomethingNew } from './observe.js'
import type { Pools } from './pools.js'
import type { Answer } from './reply.js'
import { nameRequest } from './request-name.js'
import { search } from './search.js'
import { forgetToken, retryUnauthorized } from './token-retry.js'

/** A request on its way through the proxy. */
export interface Passage {
  readonly request: RoutedRequest
  readonly decision: Decision
  readonly sender: Sender
  readonly arrival: Arrival
  readonly requestId: string
  readonly globalRequestId: string
  /** See `Forwarding`. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Told which cloud it goes to, before anything is sent there. */
  readonly onCloud: (cloud: SpName) => void
  /** Told when the cloud begins to answer, and after how many milliseconds. */
  readonly onFirstByte: (ms: number) => void
  /** Told of each observation that the answer waited for: whether it was recorded in time. */
  readonly onObserved: (isRecorded: boolean) => void
}

/** One of which it is not decided yet where it goes. */
export type Undecided = Pick<
  Passage,
  'request' | 'sender' | 'arrival' | 'requestId' | 'globalRequestId' | 'req'
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

/** Where a search ended, or where the decision says at once. */
interface Place {
  readonly to: SpName
  readonly owner: ProjectId | null
}

/**
 * Make what takes a request where it was decided to go, and the answer back to the client. What the
 * answer teaches is observed before the client can act on it.
 *
 * @returns a function that throws what `Destinations`, `search` and `forward` do, while nothing was
 *   written to the client
 */
export function createSend(options: SendOptions): (passage: Passage) => Promise<Outcome> {
  const { destinations, pools, forget, observe, timeouts } = options

  async function placeOf(passage: Passage): Promise<Place> {
    const { decision } = passage
    switch (decision.kind) {
      case 'one':
        return { to: decision.to, owner: decision.owner }
      case 'aggregate':
        return { to: decision.among[0] ?? IDENTITY_PROVIDER, owner: null }
      case 'search': {
        const gone = new AbortController()
        passage.res.once('close', () => gone.abort())
        const look = createLook(seekerOf(passage, options), {
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
        passage.onObserved(!recorded.includes(false))
        return { to: found.observation.serviceProvider, owner: found.project }
      }
    }
  }

  function sendOnce(
    passage: Passage,
    destination: Destination,
    mayRetry: boolean,
  ): Promise<Outcome> {
    const { request, body, req, res } = passage
    const { cloud, origin, path } = destination
    const answer = answering(passage, destination, options)
    const begun = performance.now()
    return forward({
      pool: pools.pool(cloud, origin),
      method: request.method,
      path,
      headers: headersTo(destination, passage, options),
      body,
      req,
      res,
      answer(status, headers) {
        passage.onFirstByte(performance.now() - begun)
        return status === 401 && mayRetry ? null : answer(status, headers)
      },
      timeouts,
      what: nameRequest(cloud, request.method, path),
    })
  }

  return async passage => {
    const { request, sender, body } = passage
    const { to, owner } = await placeOf(passage)
    passage.onCloud(to)
    const wishes = { asked: request.controls.project, owner }
    return retryUnauthorized({
      access: () => destinations.reach(to, request.path, sender, wishes),
      send: (destination, mayRetry) => sendOnce(passage, destination, mayRetry),
      forget: destination => (body === 'stream' ? null : forgetToken(sender, destination, forget)),
    })
  }
}

function seekerOf(passage: Passage, options: SendOptions): Seeker {
  const { path } = passage.request
  return {
    ...askerOf(passage, options),
    readOf(resource) {
      const read = pathOf(resource, path)
      return read && { path: read, isConclusive: readIn('GET', read) !== null }
    },
  }
}

/** On whose behalf clouds are asked before a request is sent. */
export function askerOf(passage: Undecided, options: SendOptions): Omit<Seeker, 'readOf'> {
  const { request, sender, requestId } = passage
  return {
    sender,
    asked: request.controls.project,
    requestId,
    headers: (destination: Destination) =>
      withoutConditions(headersTo(destination, passage, options)),
  }
}

/** The headers of a request as a destination is to get them. */
export function headersTo(
  destination: Destination,
  passage: Undecided,
  options: SendOptions,
): RawHeaders {
  const { request, arrival, globalRequestId, req } = passage
  return requestHeaders(req.rawHeaders, {
    border: destination.border,
    globalRequestId,
    forwarded: [
      ...arrival.forwarded,
      'X-Forwarded-Prefix',
      `${arrival.publicPath}/${request.path.service}`,
    ],
    visited: [...request.controls.proxyList, options.proxyName],
    readable: holdsLinks(request) || namesSomethingNew(request),
  })
}

/** What the client is to get for the first line and the headers of a cloud's answer. */
export function answering(
  passage: Passage,
  destination: Destination,
  options: SendOptions,
): (status: number, headers: RawHeaders) => Answer {
  const { request, decision, requestId } = passage
  const { observe } = options
  let links: Links | undefined
  const linksOf = () => {
    links ??= createLinks({
      ...linkMap(request.path, passage.sender.caller, destination),
      to: `${passage.arrival.publicBase}/${request.path.service}`,
    })
    return links
  }

  return (status, headers) => {
    const lesson: Lesson = { request, destination, headers, requestId }
    const isJson = isWholeJson(status, headers)
    const missing = status === 404 ? learnMissing(lesson, decision) : null
    const creates = isJson && status >= 200 && status < 300 && namesSomethingNew(request)

    /** The client must not act on what it is told before every worker knows of it. */
    async function learn(body: Buffer): Promise<void> {
      const learned = missing ?? learnCreated(lesson, parseJson(body.toString()))
      if (learned) passage.onObserved(await observe(learned))
    }

    return {
      headers: responseHeaders(headers, {
        border: destination.border,
        serviceProvider: destination.cloud,
        requestId,
        authenticateUri: options.authenticateUri,
        rewriteLocation: location => linksOf().url(location),
      }),
      rewrite:
        isJson && holdsLinks(request)
          ? () => createLinkRewriter(linkRules(linksOf(), request.path))
          : null,
      learn: creates || missing ? learn : null,
    }
  }
}

/** Glance's documents have links in lists alone: what else has such a name is a user's own property. */
function holdsLinks({ path }: RoutedRequest): boolean {
  const { kind } = path.target
  return kind === 'discovery' || kind === 'collection' || services[path.service].absoluteLinks
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/** A part of a document, or one in a coding, is not to be read, nor changed. */
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
