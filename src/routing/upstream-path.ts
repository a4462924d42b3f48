import { encodePathSegment, isPathSegment } from '../http-client/url-encoding.js'
import type { ProjectId, ResourceKey } from '../ids.js'
import { entry, homeCollectionOf, services } from '../service/services.js'
import type { ParsedPath } from './path.js'

/**
 * Build the path below the base of an endpoint, with the query: `/v3/{project}/volumes/{id}?…`.
 *
 * @param project the project of the token at a service provider, which replaces the caller's own; null
 *   at the identity provider, where the path stays unchanged
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
 * Replace the caller's own project with the one at a service provider, wherever it is a whole part of a path
 * or a query: `members/{project}`, `os-quota-sets/{project}`, `owner={project}`. Clients take it from their
 * token, and other clouds do not know it.
 */
export function replaceProject(
  text: string,
  own: ProjectId | null,
  there: ProjectId | null,
): string {
  if (own === null || there === null || !text.includes(own)) return text
  return text.replace(/[^/?&=]+/g, part => (part === own ? encodePathSegment(there) : part))
}

/**
 * Build the path that reads one resource, in the version and project of the request that needs it, and in
 * the same collection if that holds such resources. null if the service has no such resources, or no
 * resource can have that id.
 */
export function buildResourcePath(resource: ResourceKey, from: ParsedPath): ParsedPath | null {
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

/** How to read one resource at a cloud. */
export interface ResourceRead {
  readonly path: ParsedPath
  /** The microversion to send; null for none. Absent: the one of the request. */
  readonly microversion?: string | null
  /** Whether a 404 proves that it is not there. It can also mean that the cloud is too old for this read. */
  readonly isConclusive: boolean
}

/**
 * Plan the read of one resource in the version that every cloud has and in the user's own project, for
 * any request. null if the service has no such resources, or no resource can have that id.
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

/** The id in a path. If the path of the request names the resource, its text stays: it was checked before. */
function segmentOf({ type, id }: ResourceKey, { target }: ParsedPath): string | null {
  if (target.kind === 'resource' && target.type === type && target.id === id) return id
  return isPathSegment(id) ? encodePathSegment(id) : null
}

/** The end of an endpoint in a catalog: a version, and sometimes a project or the variable for it. */
const VERSIONED = /(?<!\/)\/v\d+(?:\.\d+)?(?:\/(?:[0-9a-f-]+|[%$]\([^/]*\)s))?$/i

/**
 * The base of an endpoint, to which `buildUpstreamPath` is appended: `http://cloud:8776/v3/{project}`
 * from a catalog becomes `http://cloud:8776`.
 */
export function endpointBase(url: string): string {
  return url
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(VERSIONED, '')
}
