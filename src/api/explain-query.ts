import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import type { JsonValue } from '../json.js'
import type { RoutedRequest } from '../routing/request.js'
import { findReferences, needsBody } from '../routing/request-rule.js'
import {
  type AccessLine,
  accessLineFacts,
  findAccessLine,
  parseAccessLine,
} from './access-log-line.js'
import { eventShape, resourceShape, timeShape } from './event-row.js'
import {
  decideAt,
  decisionFacts,
  explainNetworkRequest,
  isNetworkRequest,
  parseExplained,
} from './explanation.js'
import { defineQuery, pointText, type ReadSettings, type Sources } from './query.js'
import { prepareOwnership } from './resource-queries.js'
import { maySee, type Viewer } from './viewer.js'

/** The end of the access log that is searched for a request id: about 100 ms. */
const MOST_LOG_BYTES = 64 * 1024 * 1024

const loggedShape = z.object({
  began_at: timeShape,
  request_id: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number().nullable(),
  reason: z.string().nullable(),
  service_provider: z.string().nullable(),
  rests_on: z.number().nullable(),
})

/** A decision, as `explain --format json` prints it. The fields depend on its kind. */
const decisionShape = z.looseObject({
  kind: z.enum(['one', 'search', 'aggregate', 'network extension']),
  sentence: z.string(),
  condition: z.string().nullable(),
  because: z.string().optional(),
  to: z.string().optional(),
  among: z.array(z.string()).readonly().optional(),
  resource: resourceShape.nullable().optional(),
  owner: z.string().nullable().optional(),
  rests_on: z.number().int().nullable().optional(),
  ask_first: z.array(z.string()).readonly().optional(),
  event: eventShape.optional(),
})

export const explainQuery = defineQuery({
  summary:
    'Where a request would go, or would have gone at a point of history, and why. Give method and ' +
    'path, or a request id of the access log, or a line of it.',
  parameters: z.strictObject({
    method: z.string().min(1).max(16).optional(),
    path: z.string().min(1).max(8192).optional(),
    at: pointText.optional(),
    project: z.string().max(255).optional().meta({ description: "The user's project." }),
    headers: z.record(z.string().toLowerCase(), z.string()).default({}),
    /** It comes from JSON. */
    body: z.custom<JsonValue>(value => value !== undefined).optional(),
    request_id: z.string().min(1).max(255).optional(),
    access_line: z.string().max(65_536).optional(),
  }),
  answer: z.object({
    /** What the access log says, for a request of it. */
    logged: loggedShape.nullable(),
    /** Whether the decision can depend on a body that was not given. */
    needs_body: z.boolean(),
    decision: decisionShape,
  }),
  run({ log, settings }, parameters, viewer) {
    const logged = loggedRequest(settings, parameters, viewer)
    const { method = logged?.method, path = logged?.path } = parameters
    if (method === undefined || path === undefined) {
      throw new MixmatchError('BAD_REQUEST', 'expected method and path, request_id or access_line.')
    }
    const { headers, body } = parameters
    const project = logged ? logged.project : (parameters.project ?? null)
    const explained = { method, path, headers, body, project: projectOf(project, viewer) }
    const at = logged ? { time: logged.beganAt } : parameters.at
    const facts = logged && accessLineFacts(logged)
    if (isNetworkRequest(explained)) {
      const decision = explainNetworkRequest(explained, settings.extendsNetworks)
      return { logged: facts, needs_body: false, decision }
    }
    const request = parseExplained(explained)
    requireVisible(log, request, viewer)
    const decision = decisionFacts(decideAt(log, settings, request, at), log)
    return { logged: facts, needs_body: needsBody(request) && body === undefined, decision }
  },
})

function loggedRequest(
  { accessLog }: ReadSettings,
  {
    request_id,
    access_line,
  }: { request_id?: string | undefined; access_line?: string | undefined },
  viewer: Viewer,
): AccessLine | null {
  if (request_id === undefined && access_line === undefined) return null
  const logged = access_line === undefined ? null : parseAccessLine(access_line)
  if (access_line !== undefined && logged === null) {
    throw new MixmatchError('BAD_REQUEST', 'access_line: expected a line of the access log.')
  }
  if (logged) return requireOwn(logged, viewer)
  if (accessLog === null) {
    throw new MixmatchError(
      'NOT_FOUND',
      'The access log is not a file that Mixmatch can read ([DEFAULT] log_file). Give the line itself, as access_line.',
    )
  }
  return requireOwn(findAccessLine(accessLog, request_id ?? '', MOST_LOG_BYTES), viewer)
}

/** @throws NOT_FOUND for a request of another project, as for one that is not in the log */
function requireOwn(logged: AccessLine, viewer: Viewer): AccessLine {
  if (viewer === 'all' || maySee(viewer, IDENTITY_PROVIDER, logged.project)) return logged
  throw new MixmatchError('NOT_FOUND', `${logged.requestId}: no request of your project.`)
}

/**
 * The project of the request: a reader's own.
 *
 * @throws FORBIDDEN for a reader who names another one
 */
function projectOf(project: string | null, viewer: Viewer): string | null {
  if (viewer === 'all') return project
  const own = viewer.find(({ service_provider }) => service_provider === IDENTITY_PROVIDER)
  if (project === null || project === own?.project) return own?.project ?? null
  throw new MixmatchError('FORBIDDEN', 'You may explain only requests of your own project.')
}

/** A reader learns neither where resources of others are, nor whether they exist. @throws NOT_FOUND */
function requireVisible(log: Sources['log'], request: RoutedRequest, viewer: Viewer): void {
  if (viewer === 'all') return
  const named = [
    ...(request.path.target.kind === 'resource' ? [request.path.target] : []),
    ...findReferences(request),
  ]
  const isOwn = prepareOwnership(log, viewer)
  for (const { id } of named) {
    if (!isOwn({ id })) {
      throw new MixmatchError('NOT_FOUND', `${id}: no resource of your project.`)
    }
  }
}
