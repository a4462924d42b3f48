import { encodePathSegment, isPathSegment } from '../http-client/url-encoding.js'
import type { ProjectId, ResourceKey } from '../ids.js'
import { entry, homeCollectionOf, services } from '../service/services.js'
import type { ParsedPath } from './path.js'

/**
 * What follows the base of an endpoint, the query included: `/v3/{project}/volumes/{id}?…`.
 *
 * @param project the project of the token at a service provider, to stand where the caller's own
 *   stood; null at the identity provider, where the path stays as it came
 */
export function buildUpstreamPath(path: ParsedPath, project: ProjectId | null): string {
  const { version, projectSegment, rest, query } = path
  const versionPart = version === null ? '' : `/${version}`
  const projectPart =
    projectSegment === null
      ? ''
      : `/${project === null ? projectSegment : encodePathSegment(project)}`
  return `${`${versionPart}${projectPart}${rest}` || '/'}${query}`
}

/**
 * A path or a query with the caller's own project, wherever it is a whole part, as the project that
 * the request acts in at a service provider: `members/{project}`, `os-quota-sets/{project}`,
 * `owner={project}`. Clients take it from the token, and it means nothing anywhere else.
 */
export function replaceProject(
  text: string,
  own: ProjectId | null,
  there: ProjectId | null,
): string {
  if (own === null || there === null) return text
  return text.replace(/[^/?&=]+/g, part => (part === own ? encodePathSegment(there) : part))
}

/**
 * The path on which one resource is read, in the version and project of a request that needs it:
 * in the same collection if that holds such, because its other names may be of other versions.
 * Null where the service has no such resources, or none could have that id.
 */
export function pathOf(resource: ResourceKey, from: ParsedPath): ParsedPath | null {
  const service = services[from.service]
  const own = entry(service.collections, from.collection ?? '')
  const collection =
    own?.holds === resource.type && !own.idAfter
      ? from.collection
      : homeCollectionOf(service, resource.type)
  const segment = segmentOf(resource, from)
  if (collection === null || segment === null) return null
  return {
    ...from,
    collection,
    target: { kind: 'resource', ...resource, tail: '' },
    rest: `/${collection}/${segment}`,
    query: '',
  }
}

/** How one resource is read at a cloud. */
export interface ResourceRead {
  readonly path: ParsedPath
  /** The microversion to ask for instead of the request's own; null: none. Absent: the request's own. */
  readonly microversion?: string | null
  /** Whether a 404 tells that it is not there, and not that the cloud is too old for the read. */
  readonly isConclusive: boolean
}

/**
 * The plainest read of one resource: in the version that every cloud has and in the user's own
 * project, whatever the request itself is. Null where the service has no such resources, or none
 * could have that id.
 */
export function planConclusiveRead(
  resource: ResourceKey,
  from: ParsedPath,
  project: ProjectId | null,
): ResourceRead | null {
  const service = services[from.service]
  const collection = homeCollectionOf(service, resource.type)
  const segment = segmentOf(resource, from)
  if (collection === null || segment === null) return null
  const { since } = service.collections[collection] ?? {}
  const projectSegment = service.projectInPath ? (project ?? from.projectSegment) : null
  const path: ParsedPath = {
    service: from.service,
    version: service.version,
    projectSegment,
    collection,
    target: { kind: 'resource', ...resource, tail: '' },
    rest: `/${collection}/${segment}`,
    query: '',
  }
  return {
    path,
    microversion: since === undefined ? null : `${from.service} ${since}`,
    isConclusive: !service.projectInPath || projectSegment !== null,
  }
}

/** The id in a path: as it came where the path itself names the resource, which was checked then. */
function segmentOf({ type, id }: ResourceKey, { target }: ParsedPath): string | null {
  if (target.kind === 'resource' && target.type === type && target.id === id) return id
  return isPathSegment(id) ? encodePathSegment(id) : null
}

/** At the end of a catalog's endpoint: a version, perhaps with a project or what stands for one. */
const VERSIONED = /(?<!\/)\/v\d+(?:\.\d+)?(?:\/(?:[0-9a-f-]+|[%$]\([^/]*\)s))?$/i

/**
 * The base of an endpoint, below which `buildUpstreamPath` goes on: `http://cloud:8776/v3/{project}`,
 * as catalogs have it, becomes `http://cloud:8776`.
 */
export function endpointBase(url: string): string {
  return url
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(VERSIONED, '')
}
