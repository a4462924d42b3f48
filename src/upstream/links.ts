import type { Caller } from '../identity/identity.js'
import { isUuid } from '../ids.js'
import type { ParsedPath } from '../routing/path.js'
import type { ServiceName } from '../service/service.js'
import { isApiPath } from '../service/services.js'
import type { Destination } from './destination.js'
import type { LinkRules } from './link-rewriter.js'

/** How URLs of a cloud become URLs of the proxy. */
interface LinkMap {
  readonly service: ServiceName
  /** The endpoints of the cloud, with or without a path: `http://10.0.0.5:8776`. */
  readonly from: readonly string[]
  /** The service at the proxy, without a slash at the end: `https://cloud.example:5001/volume`. */
  readonly to: string
  /** How the project at a service provider is replaced; null at the identity provider. */
  readonly project: ProjectLink | null
}

interface ProjectLink {
  readonly there: string
  /** The project segment of the request's path, null if it had none. It replaces the segment in links. */
  readonly here: string | null
  /** The user's own project, which replaces it everywhere else; null if there is none. */
  readonly own: string | null
}

export interface Links {
  /**
   * Rewrite one URL of Location or `href`. An absolute URL with a path of this service's API is
   * rewritten for any host; any other URL stays unchanged.
   */
  url(url: string): string
  /**
   * Rewrite one link of a list, such as `next`. Those of Glance are relative and stay so, because clients
   * put the endpoint before them.
   */
  listLink(url: string): string
}

/** The link map for the responses of a destination, without the URL of the proxy. */
export function createLinkMap(
  { service, projectSegment }: Pick<ParsedPath, 'service' | 'projectSegment'>,
  caller: Caller | null,
  { bases, auth, project }: Pick<Destination, 'bases' | 'auth' | 'project'>,
): Omit<LinkMap, 'to'> {
  const isReplaced = auth.kind === 'remote' && project !== null
  const own = caller?.project?.id ?? null
  return {
    service,
    from: bases,
    project: isReplaced ? { there: project, here: projectSegment, own } : null,
  }
}

/** The rules for a JSON document: `next` and `first` are links in lists, and user properties elsewhere. */
export function createLinkRules(links: Links, { target }: Pick<ParsedPath, 'target'>): LinkRules {
  return { link: links.url, listLink: target.kind === 'collection' ? links.listLink : null }
}

/** A URL without a scheme, `//host/path`, has the scheme of the response. */
const ABSOLUTE = /^(?:https?:)?\/\//i
const URL_PARTS = /^((?:https?:)?\/\/[^/?#]*)?([^?#]*)(.*)$/is
/** The root, a version, or a project without a version, as in the `bookmark` of Cinder. */
const OF_API = /^(?:\/?$|\/v\d|\/[\da-f]{32}\/)/
const VERSION = /^v\d+(?:\.\d+)?$/i

export function createLinks({ service, from, to, project }: LinkMap): Links {
  // Cinder reads the host from X-Forwarded-Host, but uses the scheme of its own connection.
  const ours = [to, to.replace(/^https?/, scheme => (scheme === 'https' ? 'http' : 'https'))]
  const bases = [...from, ...ours].map(baseOf)
  const projects = project === null ? unchanged : createProjectReplacer(project)

  function url(text: string): string {
    const [, origin, path = '', query = ''] = URL_PARTS.exec(text) ?? []
    // A path without a host belongs to the cloud. No service sends other relative references.
    if (origin === undefined && !path.startsWith('/v')) return text
    const inside = belowKnownBase(origin, path) ?? belowAnyBase(path)
    return inside === null ? text : to + projects.inPath(inside) + projects.anywhere(query)
  }

  function belowKnownBase(origin: string | undefined, path: string): string | null {
    const known = origin === undefined ? bases : bases.filter(b => isOrigin(origin, b.origin))
    return known.map(base => below(path, base.path)).find(rest => OF_API.test(rest)) ?? null
  }

  /** A link may have a `public_endpoint` or internal host that is neither configured nor in a catalog. */
  function belowAnyBase(path: string): string | null {
    const segments = path.split('/').slice(1)
    const start = segments.findIndex((_, index) =>
      isApiPath(service, segments.slice(index, index + 3)),
    )
    if (start >= 0) return `/${segments.slice(start).join('/')}`
    // A version alone counts only at the root of a host. Below another path it may belong to any service.
    const root = bases.map(base => below(path, base.path)).find(isVersionAlone)
    return root ?? null
  }

  return {
    url,
    listLink: text => (ABSOLUTE.test(text) ? url(text) : projects.anywhere(text)),
  }
}

function isVersionAlone(path: string): boolean {
  const [empty, version = '', end = '', ...more] = path.split('/')
  return empty === '' && VERSION.test(version) && end === '' && more.length === 0
}

function baseOf(base: string): { origin: string; path: string } {
  const { origin, pathname } = new URL(base)
  return { origin, path: pathname.replace(/\/+$/, '') }
}

function isOrigin(text: string, origin: string): boolean {
  const [scheme] = origin.split('//')
  return canonical(text.startsWith('//') ? `${scheme}${text}` : text) === origin
}

/** `HTTP://Host:80` → `http://host`, like the `URL` class. */
function canonical(origin: string): string {
  const lower = origin.toLowerCase()
  return lower.replace(lower.startsWith('https') ? /:443$/ : /:80$/, '')
}

/** Remove the prefix from a path, if it is there: Glance omits the path of its endpoint in Location. */
function below(path: string, prefix: string): string {
  const inside = prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`))
  return inside ? path.slice(prefix.length) : path
}

/** Replaces the project of a service provider with the user's own. */
interface ProjectReplacer {
  /** In a path: the segment after the version becomes the project segment of the request, or is removed. */
  inPath(path: string): string
  /** Wherever it is a whole part of a path or a query. */
  anywhere(text: string): string
}

const unchanged: ProjectReplacer = { inPath: path => path, anywhere: text => text }

function createProjectReplacer({ there, here, own }: ProjectLink): ProjectReplacer {
  const spelled = isUuid(there)
    ? [...there.replaceAll('-', '')].join('-?')
    : there.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
  const flags = isUuid(there) ? 'gi' : 'g'
  const part = new RegExp(`(?<![^/?#&=,:;])${spelled}(?![^/?#&=,:;])`, flags)
  const afterVersion = new RegExp(`^((?:/[^/]*)?)/${spelled}(?=/|$)`, flags)
  const anywhere = (text: string) => text.replace(part, own ?? here ?? '')
  const segment = here === null ? '' : `/${here}`
  return {
    anywhere,
    inPath: path => anywhere(path.replace(afterVersion, (_, version: string) => version + segment)),
  }
}
