import { now } from '../event/time.js'
import { headerValue, type RawHeaders } from '../http-client/raw-headers.js'
import { type Micros, micros, type ProjectId, projectId, resourceId } from '../ids.js'
import { type JsonValue, textAt } from '../json.js'
import type { Observation } from '../observation/observation.js'
import { callOf, readIn } from '../routing/call.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import type { Destination } from './destination.js'

/** An answer as far as it teaches something. */
export interface Lesson {
  readonly request: Pick<RoutedRequest, 'method' | 'path'>
  readonly destination: Pick<Destination, 'cloud' | 'project'>
  readonly headers: RawHeaders
  readonly requestId: string
}

/** Whether a successful answer names something new, so that its body is to be read. */
export function namesSomethingNew({ method, path }: Lesson['request']): boolean {
  return callOf(method, path)?.creates !== undefined
}

/** What the body of a successful create tells; null where it does not name the new resource. */
export function learnCreated(lesson: Lesson, body: JsonValue | undefined): Observation | null {
  const { request, destination } = lesson
  const creates = callOf(request.method, request.path)?.creates
  const id = creates && textAt(body, creates.id)
  if (!id) return null
  const owner = creates.project && textAt(body, creates.project)
  const parent = creates.parent && textAt(body, creates.parent)
  return {
    learned: 'created',
    serviceProvider: destination.cloud,
    resource: { type: creates.type, id: resourceId(id) },
    project: owner ? projectId(owner) : destination.project,
    parent: parent ? resourceId(parent) : null,
    observedAt: timeOf(lesson.headers),
    requestId: lesson.requestId,
  }
}

/**
 * What a 404 tells: that a resource is gone from where it was located. Only a read of the resource
 * itself, in the project that owns it, is a witness to that; to others a cloud answers 404 as well.
 */
export function learnMissing(lesson: Lesson, decision: Decision): Observation | null {
  const { request, destination } = lesson
  const read = readIn(request.method, request.path)
  if (decision.kind !== 'one' || decision.restsOn === null) return null
  const { resource, owner } = decision
  if (read === null || resource?.type !== read.type || resource.id !== read.id) return null
  if (owner === null || owner !== destination.project) return null
  return {
    learned: 'missing',
    serviceProvider: destination.cloud,
    resource,
    project: owner,
    parent: null,
    observedAt: timeOf(lesson.headers),
    requestId: lesson.requestId,
  }
}

/** What a 404 to a conclusive read tells: that the user's project sees no such resource here. */
export function learnAbsent(
  lesson: Pick<Lesson, 'destination' | 'headers' | 'requestId'>,
  resource: Observation['resource'],
  project: ProjectId,
): Observation {
  return {
    learned: 'absent',
    serviceProvider: lesson.destination.cloud,
    resource,
    project,
    parent: null,
    observedAt: timeOf(lesson.headers),
    requestId: lesson.requestId,
  }
}

/** What the answer to a read of the resource itself tells: that it is there, and whose it is. */
export function learnFound(
  lesson: Lesson,
  resource: Observation['resource'],
  owner: ProjectId | null,
): Observation {
  return {
    learned: 'found',
    serviceProvider: lesson.destination.cloud,
    resource,
    project: owner,
    parent: null,
    observedAt: timeOf(lesson.headers),
    requestId: lesson.requestId,
  }
}

/** By the cloud's clock: `Date: Tue, 24 Nov 2026 08:49:37 GMT`; by ours where it does not say. */
function timeOf(headers: RawHeaders): Micros {
  const date = headerValue(headers, 'date')
  const milliseconds = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(milliseconds) ? now() : micros(milliseconds * 1000)
}
