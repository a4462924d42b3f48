import { type ProjectId, projectId, type ResourceKey, type SpName, spName } from '../ids.js'
import type { JsonValue } from '../json.js'
import { type ParsedPath, parsePath } from './path.js'

/** The parts of a request that routing depends on. */
export interface RoutedRequest {
  /** Upper case, as on the wire. */
  readonly method: string
  readonly path: ParsedPath
  readonly controlHeaders: ControlHeaders
  /** Read only when `needsBody` asks for it; undefined where it was not read or is no JSON. */
  readonly body: JsonValue | undefined
  /** The user's project at the identity provider; null for a token without one, or none. */
  readonly project: ProjectId | null
  /** Results of the reads that were made for this request before it is sent. */
  readonly presenceChecks: readonly PresenceCheck[]
}

/** Whether one cloud holds a resource, by a read with the user's own token. */
export interface PresenceCheck {
  readonly cloud: SpName
  readonly resource: ResourceKey
  readonly isThere: boolean
  /** The project in which the user sees it there. */
  readonly project: ProjectId | null
}

/** The headers that are for the proxy itself. None of them is forwarded unchanged. */
interface ControlHeaders {
  /** `MM-SERVICE-PROVIDER`: the cloud that the user names; not checked yet. */
  readonly serviceProvider: SpName | null
  /** `MM-PROJECT-ID`: the project to use at a service provider. */
  readonly project: ProjectId | null
  /** `MM-PROXY-LIST`: the clouds whose proxies have had the request, by either of their names. */
  readonly proxyList: readonly string[]
}

/** Header fields as Node gives them: names in lower case, what was repeated joined by commas. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * The request line and headers as routing reads them: the body not read yet, the user not known.
 *
 * @throws NON_CANONICAL_PATH, NOT_FOUND as `parsePath`
 */
export function parseRequest(method: string, target: string, fields: HeaderFields): RoutedRequest {
  return {
    method,
    path: parsePath(target),
    controlHeaders: parseControls(fields),
    body: undefined,
    project: null,
    presenceChecks: [],
  }
}

function parseControls(fields: HeaderFields): ControlHeaders {
  const serviceProvider = textOf(fields, 'mm-service-provider')
  const project = textOf(fields, 'mm-project-id')
  return {
    serviceProvider: serviceProvider === '' ? null : spName(serviceProvider),
    project: project === '' ? null : projectId(project),
    proxyList: namesIn(textOf(fields, 'mm-proxy-list')),
  }
}

/** An empty field counts as absent. */
function textOf(fields: HeaderFields, name: string): string {
  const value = fields[name] ?? ''
  return (typeof value === 'string' ? value : value.join(',')).trim()
}

function namesIn(list: string): readonly string[] {
  return list
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}
