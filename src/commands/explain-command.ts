import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type AccessLine, findAccessLine } from '../cli/access-log-line.js'
import { parsePointOption } from '../cli/arguments.js'
import { configOf, namesConfiguration } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { eventRow } from '../cli/event-row.js'
import { logOption, openHistoryOf } from '../cli/log-files.js'
import {
  type OutputOptions,
  wholeJson,
  wholeTable,
  withOutputOptions,
} from '../cli/output-options.js'
import { printFacts, printRows, type Row } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import { IDENTITY_PROVIDER, projectId, type SpName, spName } from '../ids.js'
import { type JsonValue, parseJson } from '../json.js'
import type { LogReader } from '../log/log.js'
import { openLocationsOf } from '../projection/locate.js'
import { evidenceAt, locateAt } from '../replay/past-locations.js'
import { POINT_FORMS, type Point, positionAt } from '../replay/point.js'
import { needsBody } from '../routing/call.js'
import { decide } from '../routing/decide.js'
import { conditionOf, type Decision, describe } from '../routing/decision.js'
import type { Cloud, Federation } from '../routing/federation.js'
import { type HeaderFields, parseRequest, type RoutedRequest } from '../routing/request.js'
import { serviceNames } from '../service/service.js'

interface Options extends OutputOptions {
  readonly header: readonly string[]
  readonly body?: string
  readonly at?: Point
  readonly requestId?: string
  readonly accessLog?: string
  readonly project?: string
}

export function explainCommand(context: Context): Command {
  return withOutputOptions(new Command('explain'))
    .description('Where a request would go, why, and which event says so. Nothing is sent.')
    .argument('[method]', 'GET, POST, …')
    .argument(
      '[path]',
      'as the client would send it to the proxy, with the query; or the whole URL',
    )
    .option('-H, --header <field>', "'Name: value', repeatable", gather, [])
    .option('--body <file>', 'what the request carries; - for standard input')
    .option('--project <id>', 'as a user of this project at the identity provider')
    .option('--at <point>', `as far as was known then: ${POINT_FORMS}`, parsePointOption)
    .option('--request-id <id>', 'instead of method and path: a request of the access log')
    .option('--access-log <file>', 'where to look for it: what the proxy logs')
    .option(...logOption)
    .addHelpText(
      'after',
      '\nExample: mixmatch explain GET /image/v2/images/5c0b7a52-… --at 2026-11-23T13:20',
    )
    .action(async (method: string, path: string, options: Options, command: Command) => {
      using log = openHistoryOf(command, context)
      const told = await toldBy(options, context)
      const line = { method: told?.method ?? method, path: told?.path ?? (path && pathIn(path)) }
      if (line.method === undefined || line.path === undefined) {
        throw new MixmatchError(
          'USAGE',
          'expected METHOD and PATH, or --request-id and --access-log.',
        )
      }
      if (told) printTold(context, options, told)
      const at = told ? { time: told.beganAt } : options.at
      const project = told?.project ?? options.project
      const request = requestOf({ ...line, project }, options, context)
      if (needsBody(request) && options.body === undefined) {
        context.stderr.write(
          'mixmatch: what the body says matters here: give it with --body FILE\n',
        )
      }
      // The present is what the view says, as the proxy sees it; a log alone speaks for itself.
      using locations = at ? undefined : openLocationsOf(log.file)
      const position = at ? positionAt(log, at) : log.head().position
      const locate = locations?.locate ?? locateAt(log, position)
      const evidence = locations?.evidence ?? evidenceAt(log, position)
      const federation = { ...federationOf(command, context, log), locate, evidence }
      print(context, options, decide(request, federation), log)
    })
}

const SERVICE = new RegExp(`/(?:${serviceNames.join('|')})(?=[/?]|$)`)

/** What the proxy gets of a whole URL: fronts take away what precedes the service. A path stays as it is. */
function pathIn(target: string): string {
  const [url, path = '/'] = /^https?:\/\/[^/?#]+([^#]*)/i.exec(target) ?? []
  if (url === undefined) return target
  const [beforeQuery = ''] = path.split('?')
  return path.slice(Math.max(0, beforeQuery.search(SERVICE)))
}

async function toldBy({ requestId, accessLog }: Options, context: Context) {
  if (requestId === undefined) return null
  if (accessLog !== undefined) return findAccessLine(resolve(context.cwd, accessLog), requestId)
  throw new MixmatchError('USAGE', '--request-id: name the file to look in with --access-log.')
}

/** What was decided then. It may have rested on a header or a body, which no log keeps. */
function printTold(context: Context, options: OutputOptions, told: AccessLine): void {
  const began_at = formatTime(told.beganAt)
  if (options.format === 'json') {
    const { requestId: request_id, method, path, status, reason } = told
    const { serviceProvider: service_provider, restsOn: rests_on } = told
    const facts = { began_at, request_id, method, path, status, reason, service_provider, rests_on }
    printFacts(context.stdout, wholeJson, facts)
    return
  }
  if (options.format !== 'table') return
  printFacts(context.stdout, wholeTable, {
    request: `${told.method} ${told.path}`,
    began_at,
    answered: `${told.status ?? 'not at all'}${told.serviceProvider ? ` by ${told.serviceProvider}` : ''}`,
    decided: told.reason,
    rests_on: told.restsOn,
  })
  context.stdout.write('\nBy what the log said at that moment, without headers and body:\n')
}

function requestOf(
  { method, path, project }: { method: string; path: string; project: string | undefined },
  { header, body }: Options,
  context: Context,
): RoutedRequest {
  const request = {
    ...parseRequest(method.toUpperCase(), path, headerFields(header)),
    project: project === undefined ? null : projectId(project),
  }
  if (body === undefined) return request
  return { ...request, body: readJson(body === '-' ? 0 : resolve(context.cwd, body)) }
}

function print(context: Context, options: OutputOptions, decision: Decision, log: LogReader): void {
  const restsOn =
    decision.kind === 'one' && decision.restsOn ? log.get(decision.restsOn) : undefined
  const event = restsOn && eventRow(restsOn)
  if (options.format !== 'table') {
    printFacts(context.stdout, options, {
      ...factsOf(decision),
      sentence: describe(decision),
      condition: conditionOf(decision),
      event,
    })
    return
  }
  context.stdout.write(`${describe(decision)}\n`)
  const condition = conditionOf(decision)
  if (condition !== null) context.stdout.write(`${condition}\n`)
  if (event) {
    context.stdout.write('\n')
    printRows(context.stdout, wholeTable, [event])
  }
}

/** A decision in the words of the access log. */
function factsOf(decision: Decision): Row {
  if (decision.kind !== 'one') return { ...decision }
  const { restsOn, askFirst, ...facts } = decision
  return { ...facts, rests_on: restsOn, ask_first: askFirst ?? [] }
}

/** As configured; with `--log` alone, the clouds that the log has heard of, and no options. */
function federationOf(
  command: Command,
  context: Context,
  log: LogReader,
): Omit<Federation, 'locate' | 'evidence'> {
  const { log: named } = command.optsWithGlobals<{ log?: readonly string[] }>()
  if (named !== undefined && !namesConfiguration(command)) {
    return { clouds: heardOf(log), searchByBroadcast: false, aggregation: false }
  }
  const { clouds, routing } = configOf(command, context)
  return { clouds, ...routing }
}

function heardOf(log: LogReader): Cloud[] {
  const names = log.db.prepare<[], string>('select name from service_providers').pluck().all()
  const clouds = new Set<SpName>([IDENTITY_PROVIDER, ...names.map(spName)])
  return [...clouds].map(name => ({ name, spName: name, enabledServices: serviceNames }))
}

function gather(field: string, fields: readonly string[]): readonly string[] {
  return [...fields, field]
}

function headerFields(fields: readonly string[]): HeaderFields {
  return Object.fromEntries(
    fields.map(field => {
      const colon = field.indexOf(':')
      if (colon > 0)
        return [field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim()]
      throw new MixmatchError('USAGE', `-H: expected 'Name: value', found "${field}".`)
    }),
  )
}

function readJson(file: string | 0): JsonValue | undefined {
  return parseJson(readFileSync(file, 'utf8'))
}
