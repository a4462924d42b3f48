import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { type AccessLine, accessLineFacts, findAccessLine } from '../api/access-log-line.js'
import {
  decideAt,
  decisionFacts,
  explainNetworkRequest,
  federationInLog,
  isNetworkRequest,
  type KnownFederation,
  parseExplained,
  parseHeaderFields,
} from '../api/explanation.js'
import { parsePointOption } from '../cli/arguments.js'
import { hasConfigOption, loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { logOption, openCommandHistory } from '../cli/log-files.js'
import {
  type OutputOptions,
  wholeJson,
  wholeTable,
  withOutputOptions,
} from '../cli/output-options.js'
import { printFacts, printRows } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import { type JsonValue, parseJson } from '../json.js'
import type { LogReader } from '../log/event-log.js'
import { POINT_FORMS, type Point } from '../replay/point.js'
import { needsBody } from '../routing/request-rule.js'

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
      const line = { method: logged?.method ?? method, path: logged?.path ?? path }
      if (line.method === undefined || line.path === undefined) {
        throw new MixmatchError(
          'USAGE',
          'expected METHOD and PATH, or --request-id and --access-log.',
        )
      }
      if (logged) printLoggedRequest(context, options, logged)
      const at = logged ? { time: logged.beganAt } : options.at
      const explained = {
        ...line,
        headers: parseHeaderFields(options.header, '-H'),
        body: options.body === undefined ? undefined : readBody(options.body, context),
        project: logged?.project ?? options.project ?? null,
      }
      if (isNetworkRequest(explained)) {
        const facts = explainNetworkRequest(explained, isNetworkExtended(command, context))
        printNetworkFacts(facts, options, context)
        return
      }
      const request = parseExplained(explained)
      if (needsBody(request) && options.body === undefined) {
        context.stderr.write(
          'mixmatch: the body of this request can change the decision: give it with --body FILE\n',
        )
      }
      const decision = decideAt(log, federationOf(command, context, log), request, at)
      print(context, options, decisionFacts(decision, log))
    })
}

function printNetworkFacts(
  facts: ReturnType<typeof explainNetworkRequest>,
  options: OutputOptions,
  context: Context,
): void {
  const { sentence, condition } = facts
  if (options.format === 'table') {
    context.stdout.write(condition === null ? `${sentence}\n` : `${sentence}\n${condition}\n`)
  } else printFacts(context.stdout, options, facts)
}

/** null if there is no configuration that says it. */
function isNetworkExtended(command: Command, context: Context): boolean | null {
  if (hasOnlyLog(command)) return null
  const { clouds } = loadConfig(command, context)
  return clouds.some(({ name, extendsNetworks }) => name === IDENTITY_PROVIDER && extendsNetworks)
}

async function findLoggedRequest({ requestId, accessLog }: ExplainOptions, context: Context) {
  if (requestId === undefined) return null
  if (accessLog !== undefined) return findAccessLine(resolve(context.cwd, accessLog), requestId)
  throw new MixmatchError('USAGE', '--request-id: name the file to look in with --access-log.')
}

/** Print the decision in the access log. It may depend on a header or a body, which are not in the access log. */
function printLoggedRequest(context: Context, options: OutputOptions, logged: AccessLine): void {
  if (options.format === 'json') {
    printFacts(context.stdout, wholeJson, accessLineFacts(logged))
    return
  }
  if (options.format !== 'table') return
  printFacts(context.stdout, wholeTable, {
    request: `${logged.method} ${logged.path}`,
    began_at: formatTime(logged.beganAt),
    answered: `${logged.status ?? 'not at all'}${logged.serviceProvider ? ` by ${logged.serviceProvider}` : ''}`,
    decided: logged.reason,
    rests_on: logged.restsOn,
  })
  context.stdout.write('\nBy the event log at that moment, without headers and body:\n')
}

function print(
  context: Context,
  options: OutputOptions,
  facts: ReturnType<typeof decisionFacts>,
): void {
  if (options.format !== 'table') {
    printFacts(context.stdout, options, facts)
    return
  }
  const { sentence, condition, event } = facts
  context.stdout.write(`${sentence}\n`)
  if (condition !== null) context.stdout.write(`${condition}\n`)
  if (event) {
    context.stdout.write('\n')
    printRows(context.stdout, wholeTable, [event])
  }
}

/** The federation of the configuration. With only `--log`, the clouds in the log with default options. */
function federationOf(command: Command, context: Context, log: LogReader): KnownFederation {
  if (hasOnlyLog(command)) return federationInLog(log)
  const { clouds, routing } = loadConfig(command, context)
  return { clouds, ...routing }
}

function hasOnlyLog(command: Command): boolean {
  const { log } = command.optsWithGlobals<{ log?: readonly string[] }>()
  return log !== undefined && !hasConfigOption(command)
}

function collect(field: string, fields: readonly string[]): readonly string[] {
  return [...fields, field]
}

function readBody(body: string, context: Context): JsonValue | undefined {
  return parseJson(readFileSync(body === '-' ? 0 : resolve(context.cwd, body), 'utf8'))
}
