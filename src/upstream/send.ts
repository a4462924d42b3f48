import type { IncomingMessage, ServerResponse } from 'node:http'
import { headerValue, type RawHeaders } from '../http-client/raw-headers.js'
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
import { createLinks, type Links } from './links.js'
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
  readonly observe: (observation: Observation) => void
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
        observe(found.observation)
        for (const absence of found.absences ?? []) observe(absence)
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
    links ??= linksBetween(passage, destination)
    return links
  }

  return (status, headers) => {
    const lesson: Lesson = { request, destination, headers, requestId }
    const missing = status === 404 ? learnMissing(lesson, decision) : null
    if (missing) observe(missing)

    const creates = status >= 200 && status < 300 && namesSomethingNew(request)
    const rewrites = holdsLinks(request)
    function read(text: string): string {
      const created = creates ? learnCreated(lesson, parseJson(text)) : null
      if (created) observe(created)
      return rewrites ? linksOf().json(text) : text
    }

    return {
      headers: responseHeaders(headers, {
        border: destination.border,
        serviceProvider: destination.cloud,
        requestId,
        authenticateUri: options.authenticateUri,
        rewriteLocation: location => linksOf().url(location),
      }),
      read: (creates || rewrites) && isWholeJson(status, headers) ? read : null,
    }
  }
}

function linksBetween(
  { request, arrival }: Passage,
  { border, bases, project }: Destination,
): Links {
  const { service, projectSegment } = request.path
  const replaced = border.kind === 'abroad' && project !== null
  return createLinks({
    from: bases,
    to: `${arrival.publicBase}/${service}`,
    project: replaced ? { there: project, here: projectSegment } : null,
  })
}

function holdsLinks({ path }: RoutedRequest): boolean {
  return path.target.kind === 'discovery' || services[path.service].absoluteLinks
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/** A part of a document, or one in a coding, is not to be read, nor changed. */
function isWholeJson(status: number, headers: RawHeaders): boolean {
  const coding = headerValue(headers, 'content-encoding') ?? 'identity'
  const type = headerValue(headers, 'content-type') ?? ''
  return status !== 206 && coding === 'identity' && JSON_TYPE.test(type)
}

/** The request's headers, for a plain read in its place. */
export function withoutConditions(headers: RawHeaders): RawHeaders {
  return headers.filter(
    (_, index) => !/^(?:content-|if-|range$)/i.test(headers[index - (index % 2)] ?? ''),
  )
}
