import type { Caller } from '../identity/identity.js'
import { isUuid } from '../ids.js'
import type { ParsedPath } from '../routing/path.js'
import type { ServiceName } from '../service/service.js'
import { isApiPath } from '../service/services.js'
import type { Destination } from './destination.js'
import type { LinkRules } from './link-rewriter.js'

/** How URLs that a cloud gives out become URLs at which clients reach the same through the proxy. */
export interface LinkMap {
  readonly service: ServiceName
  /** What the cloud may call itself: its endpoints, with or without a path: `http://10.0.0.5:8776`. */
  readonly from: readonly string[]
  /** The service at the proxy, without a slash at the end: `https://cloud.example:5001/volume`. */
  readonly to: string
  /** How the project of a service provider becomes the user's own; null at the identity provider. */
  readonly project: ProjectLink | null
}

export interface ProjectLink {
  readonly there: string
  /** The segment after the version in the request's path; null if it had none. */
  readonly here: string | null
  /** The user's own project, which stands for it in all other places; null where there is none. */
  readonly own: string | null
}

export interface Links {
  /**
   * One URL, as in Location or in `href`. What is absolute and has the path of this service's API is
   * ours to change, whatever host the cloud calls itself by; any other comes back as it is.
   */
  url(url: string): string
  /**
   * One link of a list, as in `next`. Glance's are relative and stay so, because clients put the
   * endpoint before them.
   */
  listLink(url: string): string
}

/** How the answer of a destination to a request's path is mapped, but for where the proxy is. */
export function linkMap(
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

/** Which links a JSON document may hold: `next` and `first` of a list, which in others are a user's. */
export function linkRules(links: Links, { target }: Pick<ParsedPath, 'target'>): LinkRules {
  return { link: links.url, listLink: target.kind === 'collection' ? links.listLink : null }
}

const URL_PARTS = /^(https?:\/\/[^/?#]*)?([^?#]*)(.*)$/is
/** The root, a version, or a project right away: Cinder's `bookmark` leaves the version out. */
const OF_API = /^(?:\/?$|\/v\d|\/[\da-f]{32}\/)/
const VERSION = /^v\d+(?:\.\d+)?$/i

export function createLinks({ service, from, to, project }: LinkMap): Links {
  // Cinder takes our host from X-Forwarded-Host, but the scheme from its own connection.
  const ours = [to, to.replace(/^https?/, scheme => (scheme === 'https' ? 'http' : 'https'))]
  const bases = [...from, ...ours].map(baseOf)
  const projects = project === null ? unchanged : createProjectReplacer(project)

  function url(text: string): string {
    const [, origin, path = '', query = ''] = URL_PARTS.exec(text) ?? []
    // A reference without a host is the cloud's own; without a leading slash it is nothing we know.
    if (origin === undefined && !path.startsWith('/v')) return text
    const inside = belowKnownBase(origin, path) ?? belowAnyBase(path)
    return inside === null ? text : to + projects.inPath(inside) + projects.anywhere(query)
  }

  function belowKnownBase(origin: string | undefined, path: string): string | null {
    const known = origin === undefined ? bases : bases.filter(b => b.origin === canonical(origin))
    return known.map(base => below(path, base.path)).find(rest => OF_API.test(rest)) ?? null
  }

  /** A service may call itself by a `public_endpoint` or an internal host that nobody told us of. */
  function belowAnyBase(path: string): string | null {
    const segments = path.split('/').slice(1)
    const start = segments.findIndex((_, index) =>
      isApiPath(service, segments.slice(index, index + 3)),
    )
    if (start >= 0) return `/${segments.slice(start).join('/')}`
    // A version document of the whole service: below a path, it could be anybody's.
    const root = bases.map(base => below(path, base.path)).find(isVersionAlone)
    return root ?? null
  }

  return {
    url,
    listLink: text => (/^https?:\/\//i.test(text) ? url(text) : projects.anywhere(text)),
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

/** `HTTP://Host:80` → `http://host`, as URL has it. */
function canonical(origin: string): string {
  const lower = origin.toLowerCase()
  return lower.replace(lower.startsWith('https') ? /:443$/ : /:80$/, '')
}

/** Glance leaves the path of its endpoint out of Location, so without it is as good. */
function below(path: string, prefix: string): string {
  const inside = prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`))
  return inside ? path.slice(prefix.length) : path
}

/** Puts the user's own project where a service provider's stands. */
interface ProjectReplacer {
  /** In a path, where the segment after the version is the one that the request had, or none. */
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
