import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, projectId, type SpName, spName } from '../ids.js'
import type { JsonValue } from '../json.js'
import type { LogReader } from '../log/event-log.js'
import { isNetworkPath, requireExtension } from '../network-extension/extension-path.js'
import { openLocationsOf } from '../projection/locate.js'
import { evidenceAt, locateAt } from '../replay/past-locations.js'
import { type Point, positionAt } from '../replay/point.js'
import { decide } from '../routing/decide.js'
import { type Decision, describeCondition, describeDecision } from '../routing/decision.js'
import type { Cloud, Federation } from '../routing/federation.js'
import { type HeaderFields, parseRequest, type RoutedRequest } from '../routing/request.js'
import { serviceNames } from '../service/service.js'
import { eventRow } from './event-row.js'

/** A request whose decision is to be explained. */
interface ExplainedRequest {
  readonly method: string
  /** Path and query, beginning with the service; or a URL. */
  readonly path: string
  readonly headers: HeaderFields
  /** undefined if there is none, or it is unknown. */
  readonly body: JsonValue | undefined
  /** The user's project at the identity provider. */
  readonly project: string | null
}

/** Parse a request to explain. Throws as `parseRequest`. */
export function parseExplained(explained: ExplainedRequest): RoutedRequest {
  const { method, path, headers, body, project } = explained
  return {
    ...parseRequest(method.toUpperCase(), pathIn(path), headers),
    body,
    project: project === null ? null : projectId(project),
  }
}

/** Whether Mixmatch itself answers the request, as an extension of Neutron. */
export function isNetworkRequest({ path }: ExplainedRequest): boolean {
  return isNetworkPath(withoutQuery(pathIn(path)))
}

/**
 * Explain a request to extend a network, in the fields of `explain --format json`.
 *
 * @param isEnabled null if there is no configuration that says it
 * @throws NOT_FOUND, METHOD_NOT_ALLOWED as the proxy would answer
 */
export function explainNetworkRequest(
  { method, path }: ExplainedRequest,
  isEnabled: boolean | null,
) {
  requireExtension(
    method.toUpperCase(),
    withoutQuery(pathIn(path)),
    isEnabled === false ? null : true,
  )
  const to = IDENTITY_PROVIDER
  return {
    kind: 'network extension' as const,
    to,
    sentence: `network extension: Mixmatch creates a network at ${to} that extends the one in the body`,
    condition:
      isEnabled === null ? `Only if network is among the enabled_services of [sp_${to}].` : null,
  }
}

/** What decisions depend on besides the log. */
export type KnownFederation = Omit<Federation, 'locate' | 'evidence'>

/**
 * Decide a request as the proxy does, or would have done at a point of history.
 *
 * @throws as `decide` and `positionAt`
 */
export function decideAt(
  log: LogReader,
  known: KnownFederation,
  request: RoutedRequest,
  at: Point | undefined,
): Decision {
  // Use the views for the present, as the proxy does. Use the log for the past or without views.
  using locations = at ? undefined : openLocationsOf(log.file)
  const position = at ? positionAt(log, at) : log.head().position
  const locate = locations?.locate ?? locateAt(log, position)
  const evidence = locations?.evidence ?? evidenceAt(log, position)
  return decide(request, { ...known, locate, evidence })
}

/** Format a decision with the field names of the access log, and the event that it rests on. */
export function decisionFacts(decision: Decision, log: LogReader) {
  const restsOn =
    decision.kind === 'one' && decision.restsOn ? log.get(decision.restsOn) : undefined
  return {
    ...factsOf(decision),
    sentence: describeDecision(decision),
    condition: describeCondition(decision),
    event: restsOn && eventRow(restsOn),
  }
}

function factsOf(decision: Decision) {
  if (decision.kind !== 'one') return { ...decision }
  const { restsOn, askFirst, ...facts } = decision
  return { ...facts, rests_on: restsOn, ask_first: askFirst ?? [] }
}

/** The clouds in a log with default options, for a log without a configuration. */
export function federationInLog(log: LogReader): KnownFederation {
  const names = log.db.prepare<[], string>('select name from service_providers').pluck().all()
  const found = new Set<SpName>([IDENTITY_PROVIDER, ...names.map(spName)])
  const clouds: Cloud[] = [...found].map(name => ({
    name,
    spName: name,
    enabledServices: serviceNames,
  }))
  return { clouds, searchByBroadcast: false, aggregation: false }
}

/** Parse header fields of the form `Name: value`. @throws USAGE */
export function parseHeaderFields(fields: readonly string[], where: string): HeaderFields {
  return Object.fromEntries(
    fields.map(field => {
      const colon = field.indexOf(':')
      if (colon > 0)
        return [field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim()]
      throw new MixmatchError('USAGE', `${where}: expected 'Name: value', found "${field}".`)
    }),
  )
}

function withoutQuery(path: string): string {
  return path.split('?')[0] ?? path
}

const SERVICE = new RegExp(`/(?:${[...serviceNames, 'network'].join('|')})(?=[/?]|$)`)

/** The path of a URL, beginning with the service: a front proxy removes the part before it. A path is unchanged. */
function pathIn(target: string): string {
  const [url, path = '/'] = /^https?:\/\/[^/?#]+([^#]*)/i.exec(target) ?? []
  if (url === undefined) return target
  return path.slice(Math.max(0, withoutQuery(path).search(SERVICE)))
}
