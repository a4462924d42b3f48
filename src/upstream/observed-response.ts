import { now } from '../event/time.js'
import { headerValue, type RawHeaders } from '../http-client/raw-headers.js'
import {
  type Micros,
  micros,
  type ProjectId,
  projectId,
  type ResourceKey,
  resourceId,
} from '../ids.js'
import { type JsonValue, textAt } from '../json.js'
import type { Observation } from '../observation/observation.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import { findReadResource, findRequestRule } from '../routing/request-rule.js'
import type { Destination } from './destination.js'

/** The response of a cloud and its request, from which observations are made. */
export interface ObservedResponse {
  readonly request: Pick<RoutedRequest, 'method' | 'path'>
  readonly destination: Pick<Destination, 'cloud' | 'project'>
  readonly headers: RawHeaders
  readonly requestId: string
}

/** Whether a successful response names a new resource, so that its body has to be read. */
export function createsResource({ method, path }: ObservedResponse['request']): boolean {
  return findRequestRule(method, path)?.creates !== undefined
}

/** The new resource in the body of a successful create; null if the body does not name it. */
export function observeCreated(
  response: ObservedResponse,
  body: JsonValue | undefined,
): Observation | null {
  const { request, destination } = response
  const creates = findRequestRule(request.method, request.path)?.creates
  const id = creates && textAt(body, creates.id)
  if (!id) return null
  const owner = creates.project && textAt(body, creates.project)
  const parent = creates.parent && textAt(body, creates.parent)
  return {
    ...originOf(response),
    learned: 'created',
    resource: { type: creates.type, id: resourceId(id) },
    project: owner ? projectId(owner) : destination.project,
    parent: parent ? resourceId(parent) : null,
  }
}

/**
 * A 404 that proves that a resource is no longer at its located cloud; null for any other 404. Only a
 * read of the resource itself, in the project that owns it, proves that: other projects also get 404 for
 * resources that they must not see.
 */
export function observeMissing(response: ObservedResponse, decision: Decision): Observation | null {
  const { request, destination } = response
  const read = findReadResource(request.method, request.path)
  if (decision.kind !== 'one' || decision.restsOn === null) return null
  const { resource, owner } = decision
  if (read === null || resource?.type !== read.type || resource.id !== read.id) return null
  if (owner === null || owner !== destination.project) return null
  return { ...originOf(response), learned: 'missing', resource, project: owner, parent: null }
}

/** A 404 to a conclusive read: the user's project sees no such resource in this cloud. */
export function observeAbsent(
  response: ObservedResponse,
  resource: ResourceKey,
  project: ProjectId,
): Observation {
  return { ...originOf(response), learned: 'absent', resource, project, parent: null }
}

/** A successful read of the resource itself: the cloud holds it, and `owner` is its project. */
export function observeFound(
  response: ObservedResponse,
  resource: ResourceKey,
  owner: ProjectId | null,
): Observation {
  return { ...originOf(response), learned: 'found', resource, project: owner, parent: null }
}

function originOf({ destination, headers, requestId }: ObservedResponse) {
  return { serviceProvider: destination.cloud, observedAt: timeOf(headers), requestId }
}

/** By the clock of the cloud (`Date: Tue, 24 Nov 2026 08:49:37 GMT`), or by ours if it sends no Date. */
function timeOf(headers: RawHeaders): Micros {
  const date = headerValue(headers, 'date')
  const milliseconds = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(milliseconds) ? now() : micros(milliseconds * 1000)
}
