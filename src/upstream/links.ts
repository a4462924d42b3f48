/** How URLs that a cloud gives out become URLs at which clients reach the same through the proxy. */
export interface LinkMap {
  /** What the cloud may call itself: its endpoints, with or without a path: `http://10.0.0.5:8776`. */
  readonly from: readonly string[]
  /** The service at the proxy, without a slash at the end: `https://cloud.example:5001/volume`. */
  readonly to: string
  /** The segment of the project, where the request's was replaced; `here` is null if it had none. */
  readonly project: { readonly there: string; readonly here: string | null } | null
}

/** The two forms in which URLs come back. */
export interface Links {
  /**
   * One URL, as in Location. Only what points into the API at one of the cloud's endpoints
   * is ours to change; any other comes back as it is.
   */
  url(url: string): string
  /**
   * A JSON text with the URLs in its `links` and `volumes_links` rewritten and every other byte as it
   * was. Glance's own `next`, `self` and `file` are relative and stay so, because clients put the
   * endpoint before them; `direct_url` and `locations` speak of stores, not of the API.
   */
  json(text: string): string
}

/** Arrays by these names hold links and nothing else: the metadata that users make holds no arrays. */
const LINKS = /"(?:\w+_)?links"\s*:\s*\[[^\]]*\]/g
const HREF = /("href"\s*:\s*")([^"\\]*)(")/g
const URL_PARTS = /^(https?:\/\/[^/?#]+)?(\/[^?#]*)?(.*)$/is
/** The root, a version, or a project right away: Cinder's `bookmark` leaves the version out. */
const OF_API = /^(?:\/?$|\/v\d|\/[\da-f]{32}\/)/

export function createLinks({ from, to, project }: LinkMap): Links {
  // Cinder takes our host from X-Forwarded-Host, but the scheme from its own connection.
  const ours = [to, to.replace(/^https?/, scheme => (scheme === 'https' ? 'http' : 'https'))]
  const bases = [...from, ...ours].map(baseOf)

  function url(text: string): string {
    const [, origin, path = '', query = ''] = URL_PARTS.exec(text) ?? []
    // A reference without a host is the cloud's own; without a leading slash it is nothing we know.
    if (origin === undefined && !path.startsWith('/v')) return text
    const known = origin === undefined ? bases : bases.filter(b => b.origin === canonical(origin))
    const inside = known.map(base => below(path, base.path)).find(rest => OF_API.test(rest))
    return inside === undefined ? text : to + withProject(inside, project) + query
  }

  return {
    url,
    json: text =>
      text.replace(LINKS, links =>
        links.replace(HREF, (_, before, href, after) => before + url(href) + after),
      ),
  }
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

function withProject(path: string, project: LinkMap['project']): string {
  if (project === null) return path
  const segments = path.split('/') // '', 'v3', project, …
  const at = segments.indexOf(project.there)
  if (at !== 1 && at !== 2) return path
  return segments.toSpliced(at, 1, ...(project.here === null ? [] : [project.here])).join('/')
}
