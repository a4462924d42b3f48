import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Event } from '../src/event/event.js'
import {
  type Micros,
  micros,
  type ProjectId,
  projectId,
  type ResourceKey,
  resourceId,
  spName,
} from '../src/ids.js'

/** Valid example values, so that a test states only what matters to it. */

export const idp = spName('default')
export const cornmeal = spName('cornmeal')
export const millet = spName('millet')
export const alice = projectId('a11ce000000000000000000000000001')
export const bob = projectId('b0b00000000000000000000000000002')
export const disk: ResourceKey = {
  type: 'volume',
  id: resourceId('11111111-1111-4111-8111-111111111111'),
}
export const image: ResourceKey = {
  type: 'image',
  id: resourceId('22222222-2222-4222-8222-222222222222'),
}
export const snapshot: ResourceKey = {
  type: 'snapshot',
  id: resourceId('33333333-3333-4333-8333-333333333333'),
}

/** A time, in seconds after the beginning of the examples. */
export function at(seconds: number): Micros {
  return micros((1_795_440_000 + seconds) * 1e6)
}

let made = 0

/** An event with a new message id and default fields. */
export function event(fields: Partial<Event> = {}): Event {
  made += 1
  return {
    serviceProvider: cornmeal,
    source: 'bus',
    messageId: `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`,
    eventType: 'volume.attach.end',
    kind: 'noted',
    emittedAt: at(made),
    resource: null,
    project: null,
    parent: null,
    wire: { exchange: 'openstack', routingKey: 'notifications.info', envelope: '2.0' },
    body: JSON.stringify({ event_type: 'volume.attach.end', payload: { made } }),
    ...fields,
  }
}

type Where = Partial<Pick<Event, 'serviceProvider' | 'emittedAt' | 'parent' | 'messageId'>>

export function created(
  resource: ResourceKey,
  project: ProjectId | null,
  where: Where = {},
): Event {
  return event({
    eventType: `${resource.type}.create.start`,
    kind: 'created',
    resource,
    project,
    ...where,
  })
}

export function changed(
  resource: ResourceKey,
  project: ProjectId | null,
  where: Where = {},
): Event {
  return event({
    eventType: `${resource.type}.update.end`,
    kind: 'changed',
    resource,
    project,
    ...where,
  })
}

export function transferred(resource: ResourceKey, project: ProjectId, where: Where = {}): Event {
  return event({
    eventType: `${resource.type}.transfer.accept.end`,
    kind: 'transferred',
    resource,
    project,
    ...where,
  })
}

export function deleted(resource: ResourceKey, where: Where = {}): Event {
  return event({ eventType: `${resource.type}.delete.end`, kind: 'deleted', resource, ...where })
}

/** A temporary folder for one test, removed when the test ends. */
export function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'mixmatch-test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
