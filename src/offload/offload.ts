import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RoutedRequest } from '../routing/request.js'
import type { Destination, Destinations } from '../upstream/destination.js'
import type { Outcome } from '../upstream/forward-request.js'
import type { ProxiedRequest } from '../upstream/proxied-request.js'

/** Sends a request to its cloud, and the response to the client. */
type Send = (proxied: ProxiedRequest) => Promise<Outcome>

interface OffloadOptions {
  /** The secret that the front shares with Mixmatch; null turns offloading off. */
  readonly secret: string | null
  readonly destinations: Destinations
  /** The name of this proxy in MM-PROXY-LIST. */
  readonly proxyName: string
}

/** A request with this header comes from a front that asks for a decision. It is never sent to a cloud. */
const SECRET_HEADER = 'mm-offload-secret'

/**
 * Let a front move image data itself (`httpd/nginx-offload.conf`). The front first sends the request without its body
 * and with a secret. Mixmatch takes all steps of a request but the last, and sends it to no cloud. The response is
 * 204, with the URL at the cloud and the user's token there in headers for the front. Otherwise it is 403, or the
 * error of an earlier step; then the front sends the request through Mixmatch as usual.
 */
export function createOffload(options: OffloadOptions, send: Send): Send {
  const isFront = createSecretCheck(options.secret)

  async function answerFront(proxied: ProxiedRequest, given: string): Promise<Outcome> {
    const destination = isFront(given) ? await findDestination(proxied, options) : null
    proxied.progress.offload = destination === null ? 'no' : 'yes'
    if (destination === null) return respond(proxied, 403, {})
    proxied.progress.serviceProvider = destination.cloud
    return respond(proxied, 204, answerHeaders(destination, proxied, options))
  }

  return proxied => {
    const given = proxied.req.headers[SECRET_HEADER]
    return given === undefined ? send(proxied) : answerFront(proxied, String(given))
  }
}

/** Compares digests, so that the response time does not show how much of a guess is right. */
function createSecretCheck(secret: string | null): (given: string) => boolean {
  if (secret === null) return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(secret)
  return given => timingSafeEqual(digest(given), expected)
}

/** The destination of a transfer for which the front needs only the decision; null for any other request. */
async function findDestination(
  { request, requester, decision, req }: ProxiedRequest,
  { destinations }: OffloadOptions,
): Promise<Destination | null> {
  if (!isTransfer(request) || decision.kind !== 'one' || decision.because === 'conflict')
    return null
  if (requester.token === null || requester.caller === null || hasServiceToken(req)) return null
  const preference = { asked: request.controlHeaders.project, owner: decision.owner }
  return await destinations.resolve(decision.to, request.path, requester, preference)
}

/** Whether a request moves the data of an image, up or down. */
function isTransfer({ method, path: { service, target } }: RoutedRequest): boolean {
  if (service !== 'image' || target.kind !== 'resource' || target.type !== 'image') return false
  if (target.tail === '/file') return method === 'GET' || method === 'PUT'
  return target.tail === '/stage' && method === 'PUT'
}

function hasServiceToken({ headers }: IncomingMessage): boolean {
  return headers['x-service-token'] !== undefined
}

function answerHeaders(
  { cloud, auth, origin, path }: Destination,
  { requester, request, globalRequestId }: ProxiedRequest,
  { proxyName }: OffloadOptions,
): Record<string, string> {
  const token = auth.kind === 'remote' ? auth.token : requester.token
  return {
    'MM-Offload-Url': origin + path,
    'MM-Offload-Token': token?.reveal() ?? '',
    'MM-Offload-Cloud': cloud,
    'MM-Offload-Request-Id': globalRequestId,
    'MM-Offload-Proxy-List': [...request.controlHeaders.proxyList, proxyName].join(','),
    'Cache-Control': 'no-store',
  }
}

function respond(
  { res }: ProxiedRequest,
  status: number,
  headers: Record<string, string>,
): Outcome {
  res.writeHead(status, status === 204 ? headers : { 'Content-Length': 0, ...headers }).end()
  return { status: null, headers: [], bytesSent: 0, bytesReceived: 0, aborted: null }
}
