import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { type AccessLine, findAccessLine } from '../cli/access-log-line.js'
import { parsePointOption } from '../cli/arguments.js'
import { hasConfigOption, loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { eventRow } from '../cli/event-row.js'
import { logOption, openCommandHistory } from '../cli/log-files.js'
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
import type { LogReader } from '../log/event-log.js'
import { isNetworkPath, requireExtension } from '../network-extension/extension-path.js'
import { openLocationsOf } from '../projection/locate.js'
import { evidenceAt, locateAt } from '../replay/past-locations.js'
import { POINT_FORMS, type Point, positionAt } from '../replay/point.js'
import { decide } from '../routing/decide.js'
import { type Decision, describeCondition, describeDecision } from '../routing/decision.js'
import type { Cloud, Federation } from '../routing/federation.js'
import { type HeaderFields, parseRequest, type RoutedRequest } from '../routing/request.js'
import { needsBody } from '../routing/request-rule.js'
import { serviceNames } from '../service/service.js'

interface ExplainOptions extends OutputOptions {
  readonly header: readonly string[]
  readonly body?: string
  readonly at?: Point
  readonly requestId?: string
  readonly accessLog?: string
  readonly project?: string
}

export function explainCommand(context: Context): Command {
  return withOutputOptions(new Command('explain'))
    .description('Explain to which cloud a request would be routed, and why. Sends nothing.')
    .argument('[method]', 'GET, POST, …')
    .argument('[path]', 'path and query as the client sends them, or the whole URL')
    .addOption(
      new Option('-H, --header <field>', "header of the request, 'Name: value'; repeatable")
        .default([], 'none')
        .argParser(collect),
    )
    .option('--body <file>', 'body of the request; - for standard input')
    .option('--project <id>', 'explain it for a user of this project at the identity provider')
    .option('--at <point>', `explain with what was known then: ${POINT_FORMS}`, parsePointOption)
    .option('--request-id <id>', 'explain a request of the access log, instead of method and path')
    .option('--access-log <file>', 'log file of the proxy that contains this request')
    .option(...logOption)
    .addHelpText(
      'after',
      '\nExample: mixmatch explain GET /image/v2/images/5c0b7a52-… --at 2026-11-23T13:20',
    )
    .action(async (method: string, path: string, options: ExplainOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      const logged = await findLoggedRequest(options, context)
      const line = {
        method: logged?.method ?? method,
        path: logged?.path ?? (path && pathIn(path)),
      }
      if (line.method === undefined || line.path === undefined) {
        throw new MixmatchError(
          'USAGE',
          'expected METHOD and PATH, or --request-id and --access-log.',
        )
      }
      if (logged) printLoggedRequest(context, options, logged)
      const at = logged ? { time: logged.beganAt } : options.at
      if (isNetworkPath(withoutQuery(line.path))) {
        explainNetworkRequest(line.method, line.path, options, command, context)
        return
      }
      const project = logged?.project ?? options.project
      const request = requestOf({ ...line, project }, options, context)
      if (needsBody(request) && options.body === undefined) {
        context.stderr.write(
          'mixmatch: the body of this request can change the decision: give it with --body FILE\n',
        )
      }
      // Use the views for the present, as the proxy does. Use the log for the past or without views.
      using locations = at ? undefined : openLocationsOf(log.file)
      const position = at ? positionAt(log, at) : log.head().position
      const locate = locations?.locate ?? locateAt(log, position)
      const evidence = locations?.evidence ?? evidenceAt(log, position)
      const federation = { ...federationOf(command, context, log), locate, evidence }
      print(context, options, decide(request, federation), log)
    })
}

/** @throws NOT_FOUND, METHOD_NOT_ALLOWED as the proxy would answer */
function explainNetworkRequest(
  method: string,
  path: string,
  options: OutputOptions,
  command: Command,
  context: Context,
): void {
  const isEnabled = isNetworkExtended(command, context)
  requireExtension(method.toUpperCase(), withoutQuery(path), isEnabled === false ? null : true)
  const to = IDENTITY_PROVIDER
  const sentence = `network extension: Mixmatch creates a network at ${to} that extends the one in the body`
  const condition =
    isEnabled === null ? `Only if network is among the enabled_services of [sp_${to}].` : null
  if (options.format === 'table') {
    context.stdout.write(condition === null ? `${sentence}\n` : `${sentence}\n${condition}\n`)
  } else printFacts(context.stdout, options, { kind: 'network extension', to, sentence, condition })
}

/** null if there is no configuration that says it. */
function isNetworkExtended(command: Command, context: Context): boolean | null {
  if (hasOnlyLog(command)) return null
  const { clouds } = loadConfig(command, context)
  return clouds.some(({ name, extendsNetworks }) => name === IDENTITY_PROVIDER && extendsNetworks)
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

async function findLoggedRequest({ requestId, accessLog }: ExplainOptions, context: Context) {
  if (requestId === undefined) return null
  if (accessLog !== undefined) return findAccessLine(resolve(context.cwd, accessLog), requestId)
  throw new MixmatchError('USAGE', '--request-id: name the file to look in with --access-log.')
}

/** Print the decision in the access log. It may depend on a header or a body, which are not in the access log. */
function printLoggedRequest(context: Context, options: OutputOptions, logged: AccessLine): void {
  const began_at = formatTime(logged.beganAt)
  if (options.format === 'json') {
    const { requestId: request_id, method, path, status, reason } = logged
    const { serviceProvider: service_provider, restsOn: rests_on } = logged
    const facts = { began_at, request_id, method, path, status, reason, service_provider, rests_on }
    printFacts(context.stdout, wholeJson, facts)
    return
  }
  if (options.format !== 'table') return
  printFacts(context.stdout, wholeTable, {
    request: `${logged.method} ${logged.path}`,
    began_at,
    answered: `${logged.status ?? 'not at all'}${logged.serviceProvider ? ` by ${logged.serviceProvider}` : ''}`,
    decided: logged.reason,
    rests_on: logged.restsOn,
  })
  context.stdout.write('\nBy the event log at that moment, without headers and body:\n')
}

function requestOf(
  { method, path, project }: { method: string; path: string; project: string | undefined },
  { header, body }: ExplainOptions,
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
      sentence: describeDecision(decision),
      condition: describeCondition(decision),
      event,
    })
    return
  }
  context.stdout.write(`${describeDecision(decision)}\n`)
  const condition = describeCondition(decision)
  if (condition !== null) context.stdout.write(`${condition}\n`)
  if (event) {
    context.stdout.write('\n')
    printRows(context.stdout, wholeTable, [event])
  }
}

/** Format a decision with the field names of the access log. */
function factsOf(decision: Decision): Row {
  if (decision.kind !== 'one') return { ...decision }
  const { restsOn, askFirst, ...facts } = decision
  return { ...facts, rests_on: restsOn, ask_first: askFirst ?? [] }
}

/** The federation of the configuration. With only `--log`, the clouds in the log with default options. */
function federationOf(
  command: Command,
  context: Context,
  log: LogReader,
): Omit<Federation, 'locate' | 'evidence'> {
  if (hasOnlyLog(command)) {
    return { clouds: cloudsInLog(log), searchByBroadcast: false, aggregation: false }
  }
  const { clouds, routing } = loadConfig(command, context)
  return { clouds, ...routing }
}

function hasOnlyLog(command: Command): boolean {
  const { log } = command.optsWithGlobals<{ log?: readonly string[] }>()
  return log !== undefined && !hasConfigOption(command)
}

function cloudsInLog(log: LogReader): Cloud[] {
  const names = log.db.prepare<[], string>('select name from service_providers').pluck().all()
  const clouds = new Set<SpName>([IDENTITY_PROVIDER, ...names.map(spName)])
  return [...clouds].map(name => ({ name, spName: name, enabledServices: serviceNames }))
}

function collect(field: string, fields: readonly string[]): readonly string[] {
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
