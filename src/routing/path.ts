import { MixmatchError } from '../errors.js'
import { type ResourceId, type ResourceType, resourceId } from '../ids.js'
import { redactPath } from '../redaction.js'
import {
  type Collection,
  type Service,
  type ServiceName,
  serviceNames,
} from '../service/service.js'
import { entry, isServiceName, services } from '../service/services.js'
import { rejectDisguisedId, rejectNonCanonical, requirePlainSegment } from './canonical-path.js'

/**
 * A request path, split where routing reads it. Joined again it gives every byte that came:
 * `/${service}[/${version}][/${projectSegment}]${rest}${query}`.
 */
export interface ParsedPath {
  readonly service: ServiceName
  /** `v3`; null in version documents of the whole service. */
  readonly version: string | null
  /** The project as it came, null where the path has none. */
  readonly projectSegment: string | null
  /** `volumes`; null where the path ends before. */
  readonly collection: string | null
  readonly target: Target
  /** What follows version and project, raw: `/volumes/{id}/action`, `/`, or nothing. */
  readonly rest: string
  /** With its question mark, or empty. */
  readonly query: string
}

/** What a path speaks of. */
export type Target =
  /** Which versions there are, as clients ask before they have a token. */
  | { readonly kind: 'discovery' }
  /** The whole collection; `word` is what stands in place of an id, as in `volumes/detail`. */
  | { readonly kind: 'collection'; readonly type: ResourceType; readonly word: string | null }
  /** One resource, or with a `tail` (raw, `/action`) something of it. */
  | {
      readonly kind: 'resource'
      readonly type: ResourceType
      readonly id: ResourceId
      readonly tail: string
    }
  /** Something that every cloud has its own of, or that we do not know. */
  | { readonly kind: 'local' }

/** Glance has `v2.17`, Cinder `v3`. */
const VERSION = /^v\d+(?:\.\d+)?$/
/** What Cinder takes for a project unless told otherwise (`project_id_regex`), in either case. */
const PROJECT = /^[0-9a-f-]+$/i

/**
 * Read the target of a request line, byte for byte as it came. What an upstream could read as
 * another path than we do is refused: the id that we route by is the id that the upstream sees.
 *
 * @throws NON_CANONICAL_PATH
 * @throws NOT_FOUND where it does not begin with a service and a version
 */
export function parsePath(target: string): ParsedPath {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  rejectNonCanonical(target, path)

  const [name = '', ...below] = path.slice(1).split('/')
  const service = serviceOf(name)
  const [version, belowVersion] = splitVersion(below)
  const [projectSegment, routed] = splitProject(service, belowVersion)
  const discovery = projectSegment === null && (version === null || isEnd(routed))
  return {
    service: service.name,
    version,
    projectSegment,
    ...(discovery ? toDiscovery : readBelow(service, routed)),
    rest: joined(routed),
    query: target.slice(path.length),
  }
}

type Below = Pick<ParsedPath, 'collection' | 'target'>
const toDiscovery: Below = { collection: null, target: { kind: 'discovery' } }

function serviceOf(name: string): Service {
  if (isServiceName(name)) return services[name]
  const expected = serviceNames.map(known => `/${known}`).join(' or ')
  throw notFound(`expected a path that begins with ${expected}, got "/${redactPath(name)}"`)
}

/** `versions` is Glance's other name for its root, which answers 200 there instead of 300. */
function splitVersion(segments: readonly string[]): [string | null, readonly string[]] {
  const [first = '', ...rest] = segments
  if (isEnd(segments) || (first === 'versions' && isEnd(rest))) return [null, segments]
  if (VERSION.test(first)) return [first, rest]
  throw notFound(`expected a version such as v3 after the service, got "${redactPath(first)}"`)
}

/** Collections are known by name, so that a project needs not look like one: ids are free text. */
function splitProject(
  service: Service,
  segments: readonly string[],
): [string | null, readonly string[]] {
  const [first = '', second = ''] = segments
  if (!service.projectInPath || isCollection(service, first)) return [null, segments]
  if (!PROJECT.test(first) && !isCollection(service, second)) return [null, segments]
  requirePlainSegment(first)
  return [first, segments.slice(1)]
}

function isCollection(service: Service, segment: string): boolean {
  return Boolean(entry(service.collections, segment)) || service.local.includes(segment)
}

function readBelow(service: Service, segments: readonly string[]): Below {
  const [name = '', ...below] = segments
  if (isEnd(segments)) return { collection: null, target: { kind: 'local' } }
  requirePlainSegment(name)
  const collection = entry(service.collections, name)
  return {
    collection: name,
    target: collection ? targetIn(collection, below) : { kind: 'local' },
  }
}

function targetIn(collection: Collection, below: readonly string[]): Target {
  const { holds: type, words, idAfter = 0 } = collection
  if (type === null) return { kind: 'local' }
  const [first, ...afterFirst] = below
  if (first === undefined) return { kind: 'collection', type, word: null }
  // Services have nothing at `volumes/`: it is what becomes of a resource whose id is empty.
  if (isEnd(below)) return { kind: 'local' }
  if (entry(words, first)) {
    const isWhole = afterFirst.length === 0
    return isWhole ? { kind: 'collection', type, word: first } : { kind: 'local' }
  }
  const [id, ...tail] = below.slice(idAfter)
  if (id === undefined || isEnd([id, ...tail])) return { kind: 'local' }
  const isWord = (text: string) => entry(words, text) !== undefined
  for (const segment of below.slice(0, idAfter + 1)) rejectDisguisedId(segment, isWord)
  return { kind: 'resource', type, id: resourceId(id), tail: joined(tail) }
}

/** Whether a path is over, but for a slash. */
function isEnd(segments: readonly string[]): boolean {
  return segments.length === 0 || (segments.length === 1 && segments[0] === '')
}

function joined(segments: readonly string[]): string {
  return segments.map(segment => `/${segment}`).join('')
}

function notFound(what: string): MixmatchError {
  return new MixmatchError('NOT_FOUND', `Nothing is served here: ${what}.`)
}
