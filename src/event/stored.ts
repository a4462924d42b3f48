import {
  hyphenated,
  type ProjectId,
  projectId,
  type ResourceId,
  type ResourceType,
  resourceId,
  resourceTypes,
} from '../ids.js'
import { type EventKind, type EventSource, eventKinds, eventSources } from './event.js'

/**
 * How the fields of an event are stored in SQLite: a small integer for one of a few words, 16 bytes for
 * a UUID, text for any other id. The integer is an index in a list. New words are only added at the end
 * of the list, so rows of older versions keep their meaning.
 */
export type StoredId = Buffer | string

export function kindCode(kind: EventKind): number {
  return eventKinds.indexOf(kind)
}

export function kindOf(code: number): EventKind {
  return wordAt(eventKinds, code, 'kind of event')
}

export function sourceCode(source: EventSource): number {
  return eventSources.indexOf(source)
}

export function sourceOf(code: number): EventSource {
  return wordAt(eventSources, code, 'source of events')
}

export function resourceTypeCode(type: ResourceType): number {
  return resourceTypes.indexOf(type)
}

export function resourceTypeOf(code: number): ResourceType {
  return wordAt(resourceTypes, code, 'type of resource')
}

const HYPHENATED = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The 16 bytes of a hyphenated lower-case UUID; any other id stays text. */
export function storeId(id: string): StoredId {
  return HYPHENATED.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex') : id
}

/** The inverse of `storeId`. */
export function readId(stored: StoredId): string {
  return typeof stored === 'string' ? stored : hyphenated(stored.toString('hex'))
}

export function readResourceId(stored: StoredId): ResourceId {
  return resourceId(readId(stored))
}

export function readProjectId(stored: string): ProjectId {
  return projectId(stored)
}

function wordAt<Word>(words: readonly Word[], code: number, what: string): Word {
  const word = words[code]
  if (word === undefined) throw new RangeError(`${code} is no ${what} that this version knows`)
  return word
}
