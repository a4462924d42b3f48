import type { Logger } from 'pino'
import { followEvents } from '../api/follow-events.js'
import type { QueryRunner } from '../api/query-runner.js'
import type { OpsVisitor } from '../api/visitor.js'
import { MixmatchError } from '../errors.js'
import type { MetricsSnapshot } from '../metrics/snapshot.js'
import { createAppearance } from './appearance.js'
import { readAssets } from './assets.js'
import type { CloudState } from './cloud-states.js'
import { createColouredClouds } from './coloured-clouds.js'
import type { ConsoleAccess } from './console-access.js'
import type { ConsoleRequest, ConsoleResponse } from './console-request.js'
import { createSessionStore } from './console-session.js'
import { showError } from './error-page.js'
import { streamRows } from './event-stream.js'
import { createLogin } from './keystone-login.js'
import { createKeystoneNames } from './keystone-names.js'
import { pageNames, renderLayout } from './layout.js'
import type { Page, PageRequest, Redirect, RenderPage } from './page-request.js'
import { type AuditReport, auditPage, isAuditReport } from './pages/audit-page.js'
import { busesPage } from './pages/buses-page.js'
import { conflictsPage } from './pages/conflicts-page.js'
import { eventPage } from './pages/event-page.js'
import { chosenFilters, eventsPage } from './pages/events-page.js'
import { explainPage } from './pages/explain-page.js'
import { placementPage } from './pages/placement-page.js'
import { projectPage } from './pages/project-page.js'
import { requestsPage } from './pages/requests-page.js'
import { resourcePage } from './pages/resource-page.js'
import { searchPage } from './pages/search-page.js'

export interface ConsoleParts {
  readonly queryRunner: Pick<QueryRunner, 'ask'>
  readonly logFile: () => string
  readonly cloudStates: () => Promise<CloudState>
  readonly metrics: () => Promise<readonly MetricsSnapshot[]>
  readonly runAudit: RunAudit
  /** In the order of the configuration. */
  readonly clouds: () => readonly string[]
  /** Whether everybody who reaches the port may use the console, without a login. */
  readonly isOpen: () => boolean
  readonly access: ConsoleAccess
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly logger: Logger
}

/**
 * Make a report of `mixmatch audit`, as one page of HTML.
 *
 * @throws OVERLOADED while another one is made; QUERY_ABORTED if it fails
 */
export type RunAudit = (report: AuditReport, signal: AbortSignal) => Promise<string>

/** Responds to every path below `/console`. */
export type Console = (request: ConsoleRequest) => Promise<ConsoleResponse>

const pages: Readonly<Record<string, RenderPage>> = {
  '': placementPage,
  search: searchPage,
  resource: resourcePage,
  event: eventPage,
  events: eventsPage,
  buses: busesPage,
  conflicts: conflictsPage,
  explain: explainPage,
  requests: requestsPage,
  audit: auditPage,
  project: projectPage,
}

const PREFIX = '/console/'
/** Pages that follow events at the same time. */
const MOST_STREAMS = 50

/** Create the console: pages for operators, rendered on the server. */
export function createConsole(parts: ConsoleParts): Console {
  const { queryRunner, access, clouds, isOpen, logger, now } = parts
  const assets = readAssets()
  const names = createKeystoneNames()
  const listColouredClouds = createColouredClouds(parts)
  let streams = 0
  const login = createLogin({ access, sessions: createSessionStore(now), names, logger })

  async function respond(request: ConsoleRequest): Promise<ConsoleResponse> {
    if (!request.path.startsWith(PREFIX)) return redirect(PREFIX)
    const [name = '', ...rest] = request.path.slice(PREFIX.length).split('/').map(decodePart)
    if (name === 'assets') return assets.find(rest.at(-1) ?? '') ?? NO_FILE
    if (!isOpen() && (name === 'login' || name === 'logout')) {
      return framed(await login.respond(request, name), name, null)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return ONLY_READS
    const visitor = isOpen() ? await access.admit(null) : await login.findVisitor(request)
    if (visitor === null) {
      return redirect(`/console/login?next=${encodeURIComponent(targetOf(request))}`)
    }
    try {
      return await respondTo(visitor, request, name, rest)
    } catch (error) {
      return framed(failed(error), name, visitor)
    }
  }

  async function respondTo(
    visitor: OpsVisitor,
    request: ConsoleRequest,
    name: string,
    rest: readonly string[],
  ): Promise<ConsoleResponse> {
    const pageRequest = await pageRequestFor(request, rest, visitor)
    if (name === 'events' && rest[0] === 'stream') {
      return { ...(await streamEvents(request, pageRequest, visitor)), visitor }
    }
    const [report = ''] = rest
    if (name === 'audit' && isAuditReport(report)) {
      if (!pageRequest.seesAll) throw new MixmatchError('FORBIDDEN', ONLY_ADMINS)
      const body = await parts.runAudit(report, request.signal)
      return { status: 200, headers: REPORT_HEADERS, body, visitor }
    }
    const render = pages[name]
    if (render) return framed(await render(pageRequest), name, visitor)
    throw new MixmatchError('NOT_FOUND', 'The console has no such page.')
  }

  async function pageRequestFor(
    { query }: ConsoleRequest,
    rest: readonly string[],
    visitor: OpsVisitor,
  ): Promise<PageRequest> {
    const { viewer } = visitor
    const { projects, users } = names.namesFor(visitor)
    return {
      rest,
      query,
      ask: (name, parameters) => queryRunner.ask(name, parameters, viewer),
      cloudStates: parts.cloudStates,
      metrics: parts.metrics,
      seesAll: viewer === 'all',
      appearance: createAppearance({
        clouds: clouds(),
        coloured: await listColouredClouds(),
        nameOf: id => projects.get(id) ?? users.get(id) ?? null,
      }),
      projectNames: projects,
      clouds: clouds(),
    }
  }

  async function streamEvents(
    request: ConsoleRequest,
    { appearance }: PageRequest,
    { viewer }: OpsVisitor,
  ): Promise<ConsoleResponse> {
    if (streams >= MOST_STREAMS) {
      throw new MixmatchError('OVERLOADED', `${streams} pages follow events already. Try later.`)
    }
    const { query, header, signal } = request
    const pages = followEvents({
      queryRunner,
      logFile: parts.logFile(),
      filters: chosenFilters(query),
      after: header('last-event-id') || (query.get('after') ?? undefined),
      viewer,
      signal,
    })
    streams += 1
    signal.addEventListener('abort', () => {
      streams -= 1
    })
    const readmit = async () => {
      if (isOpen() || (await login.findVisitor(request))) return
      throw new MixmatchError('NOT_AUTHENTICATED', 'The session is over.')
    }
    return await streamRows({ pages, appearance, readmit })
  }

  function failed(error: unknown): Page {
    if (!(error instanceof MixmatchError)) {
      logger.error({ err: error }, 'a page of the console failed')
    }
    return showError(error)
  }

  function framed(
    page: Page | Redirect | ConsoleResponse,
    name: string,
    visitor: OpsVisitor | null,
  ): ConsoleResponse {
    if ('body' in page) return page
    if ('location' in page) return { ...redirect(page.location), ...(visitor && { visitor }) }
    const body = renderLayout(page, {
      assetUrl: assets.url,
      current: name in pageNames ? name : null,
      visitor,
      nameOf: id => (visitor && names.namesFor(visitor).projects.get(id)) ?? id,
    })
    const headers = { 'Content-Type': 'text/html; charset=utf-8' }
    const { status = 200, fault } = page
    return { status, headers, body, ...(visitor && { visitor }), ...(fault && { fault }) }
  }

  return async request => {
    const response = await respond(request).catch(error => framed(failed(error), '', null))
    return { ...response, headers: { ...PROTECTIONS, ...response.headers } }
  }
}

const NO_FILE: ConsoleResponse = { status: 404, headers: {}, body: 'No such file.\n' }
const ONLY_READS: ConsoleResponse = {
  status: 405,
  headers: { Allow: 'GET, HEAD' },
  body: 'The console only reads.\n',
}

/** Everything comes from this origin, nothing is inline, and no other page may frame the console. */
const PROTECTIONS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

const ONLY_ADMINS =
  'A report shows the resources of all projects, so it needs a role of [ops] admin_roles.'

/** A report has its style in itself, and nothing else. */
const REPORT_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
}

function redirect(location: string): ConsoleResponse {
  return { status: 303, headers: { Location: location }, body: '' }
}

function targetOf({ path, query }: ConsoleRequest): string {
  return query.size > 0 ? `${path}?${query}` : path
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
