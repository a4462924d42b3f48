import { type ProjectId, projectId, type ResourceKey, type SpName, spName } from '../ids.js'
import type { JsonValue } from '../json.js'
import { type ParsedPath, parsePath } from './path.js'
import { parsePlainPath } from './plain-path.js'

/** The parts of a request that routing depends on. */
export interface RoutedRequest {
  /** In upper case. */
  readonly method: string
  readonly path: ParsedPath
  readonly controlHeaders: ControlHeaders
  /** Read only if `needsBody` says so; undefined if it was not read or is not JSON. */
  readonly body: JsonValue | undefined
  /** The user's project at the identity provider; null without a token, or for a token without a project. */
  readonly project: ProjectId | null
  /** Results of the reads that the proxy made for this request before sending it. */
  readonly presenceChecks: readonly PresenceCheck[]
}

/** Whether one cloud holds a resource, as a read with the user's own token shows. */
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
  /** `MM-PROXY-LIST`: the clouds whose proxies the request has passed, by either of their names. */
  readonly proxyList: readonly string[]
}

const controlNames = ['mm-service-provider', 'mm-project-id', 'mm-proxy-list']

/** Header fields as in Node: names in lower case, repeated values joined by commas. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Parse the request line and headers for routing, before the body is read and the user is known.
 *
 * @throws NON_CANONICAL_PATH, NOT_FOUND as `parsePath`
 */
export function parseRequest(method: string, target: string, fields: HeaderFields): RoutedRequest {
  return {
    method,
    path: parsePlainPath(target) ?? parsePath(target),
    controlHeaders: parseControls(fields),
    body: undefined,
    project: null,
    presenceChecks: [],
  }
}

const NO_CONTROLS: ControlHeaders = { serviceProvider: null, project: null, proxyList: [] }

function parseControls(fields: HeaderFields): ControlHeaders {
  const isNone = !controlNames.some(name => fields[name] !== undefined)
  if (isNone) return NO_CONTROLS
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
