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
 * A request path, split into the parts that routing reads. Joined, they give the original bytes:
 * `/${service}[/${version}][/${projectSegment}]${rest}${query}`.
 */
export interface ParsedPath {
  readonly service: ServiceName
  /** `v3`; null in version documents of the whole service. */
  readonly version: string | null
  /** The project segment, unchanged; null if the path has none. */
  readonly projectSegment: string | null
  /** `volumes`; null if the path has no collection. */
  readonly collection: string | null
  readonly target: Target
  /** The path after version and project, raw: `/volumes/{id}/action`, `/`, or empty. */
  readonly rest: string
  /** With the question mark, or empty. */
  readonly query: string
}

/** What a path refers to. */
type Target =
  /** The version documents, which clients read before they have a token. */
  | { readonly kind: 'discovery' }
  /** The whole collection; `word` is the word in the place of an id, as in `volumes/detail`. */
  | { readonly kind: 'collection'; readonly type: ResourceType; readonly word: string | null }
  /** One resource, or a part of it that `tail` names (raw, `/action`). */
  | {
      readonly kind: 'resource'
      readonly type: ResourceType
      readonly id: ResourceId
      readonly tail: string
    }
  /** Something that exists separately in every cloud, or that the proxy does not know. */
  | { readonly kind: 'local' }

/** Glance has `v2.17`, Cinder `v3`. */
const VERSION = /^v\d+(?:\.\d+)?$/
/** Cinder's default for project ids (`project_id_regex`), in upper or lower case. */
const PROJECT = /^[0-9a-f-]+$/i

/**
 * Parse the target of a request line without changing a byte. A target that an upstream could read as
 * another path is rejected, so that routing and the upstream see the same id.
 *
 * @throws NON_CANONICAL_PATH
 * @throws NOT_FOUND if it does not begin with a service and a version
 */
export function parsePath(target: string): ParsedPath {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  rejectNonCanonical(target, path)

  const [name = '', ...below] = path.slice(1).split('/')
  const service = findService(name)
  const [version, belowVersion] = splitVersion(service, below)
  const [projectSegment, routed] = splitProject(service, belowVersion)
  const discovery = projectSegment === null && (version === null || isEnd(routed))
  return {
    service: service.name,
    version,
    projectSegment,
    ...(discovery ? discoveryTarget : parseCollection(service, routed)),
    rest: joinSegments(routed),
    query: target.slice(path.length),
  }
}

type Below = Pick<ParsedPath, 'collection' | 'target'>
const discoveryTarget: Below = { collection: null, target: { kind: 'discovery' } }

function findService(name: string): Service {
  if (isServiceName(name)) return services[name]
  const expected = serviceNames.map(known => `/${known}`).join(' or ')
  throw notFound(`expected a path that begins with ${expected}, got "/${redactPath(name)}"`)
}

function splitVersion(
  service: Service,
  segments: readonly string[],
): [string | null, readonly string[]] {
  const [first = '', ...rest] = segments
  if (isEnd(segments) || (first === service.rootAlias && isEnd(rest))) return [null, segments]
  if (VERSION.test(first)) return [first, rest]
  throw notFound(`expected a version such as v3 after the service, got "${redactPath(first)}"`)
}

/** Split at the known name of a collection. A project id may be any text, so its form does not decide. */
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

function parseCollection(service: Service, segments: readonly string[]): Below {
  const [name = '', ...below] = segments
  if (isEnd(segments)) return { collection: null, target: { kind: 'local' } }
  requirePlainSegment(name)
  const collection = entry(service.collections, name)
  return {
    collection: name,
    target: collection ? parseTarget(collection, below) : { kind: 'local' },
  }
}

function parseTarget(collection: Collection, below: readonly string[]): Target {
  const { holds: type, words, idAfter = 0 } = collection
  if (type === null) return { kind: 'local' }
  const [first, ...afterFirst] = below
  if (first === undefined) return { kind: 'collection', type, word: null }
  if (entry(words, first)) {
    const isWhole = afterFirst.length === 0
    return isWhole ? { kind: 'collection', type, word: first } : { kind: 'local' }
  }
  const [id, ...tail] = below.slice(idAfter)
  // Services have nothing at `volumes/`. Clients send it for a resource with an empty id.
  if (id === undefined || isEnd([id, ...tail])) return { kind: 'local' }
  const isWord = (text: string) => entry(words, text) !== undefined
  for (const segment of below.slice(0, idAfter + 1)) rejectDisguisedId(segment, isWord)
  return { kind: 'resource', type, id: resourceId(id), tail: joinSegments(tail) }
}

/** Whether nothing follows, except perhaps a slash. */
function isEnd(segments: readonly string[]): boolean {
  return segments.length === 0 || (segments.length === 1 && segments[0] === '')
}

function joinSegments(segments: readonly string[]): string {
  return segments.map(segment => `/${segment}`).join('')
}

function notFound(what: string): MixmatchError {
  return new MixmatchError('NOT_FOUND', `Nothing is served here: ${what}.`)
}
