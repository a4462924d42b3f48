import { headerList, headerValue, type RawHeaders } from '../http-client/raw-headers.js'
import { isJsonType, parseJson } from '../json.js'
import type { Observation } from '../observation/observation.js'
import type { RoutedRequest } from '../routing/request.js'
import { services } from '../service/services.js'
import type { ResponsePlan } from './client-response.js'
import type { Destination } from './destination.js'
import { responseHeaders } from './headers.js'
import { createLinkRewriter } from './link-rewriter.js'
import { createLinkMap, createLinkRules, createLinks, type Links } from './links.js'
import {
  createsResource,
  type ObservedResponse,
  observeCreated,
  observeMissing,
} from './observed-response.js'
import { noteObserved, type ProxiedRequest } from './proxied-request.js'

export interface TranslatorOptions {
  /** @returns whether it was recorded in time, so that every worker knows it */
  readonly observe: (observation: Observation) => Promise<boolean>
  /** The Keystone that clients log in to. */
  readonly authenticateUri: string
}

/** Create the function that plans the client's response from the head of a cloud's response. */
export function createResponseTranslator(
  proxied: ProxiedRequest,
  destination: Destination,
  options: TranslatorOptions,
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

    /** The client must not act on the response before every worker knows the observation. */
    async function observeBody(body: Buffer): Promise<void> {
      const observation = missing ?? observeCreated(observed, parseJson(body.toString()))
      if (observation) noteObserved(proxied.progress, await observe(observation))
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

/** Whether the response has links. Glance has them only in lists. In its other documents, such names are user properties. */
export function holdsLinks({ path }: RoutedRequest): boolean {
  const { kind } = path.target
  return kind === 'discovery' || kind === 'collection' || services[path.service].absoluteLinks
}

/** A partial document, or one with a content coding, is neither read nor changed. */
function isWholeJson(status: number, headers: RawHeaders): boolean {
  const coding = headerList(headers, 'content-encoding') ?? 'identity'
  const type = headerValue(headers, 'content-type') ?? ''
  return status !== 206 && coding === 'identity' && isJsonType(type)
}
