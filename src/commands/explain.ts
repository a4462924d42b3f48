import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName, spName } from '../ids.js'
import { type LogReader, openLogReader } from '../log/log.js'
import { openLocations } from '../projection/locate.js'
import { needsBody } from '../routing/call.js'
import { decide } from '../routing/decide.js'
import { type Decision, describe } from '../routing/decision.js'
import type { Cloud, Federation } from '../routing/federation.js'
import { type HeaderFields, parseRequest } from '../routing/request.js'
import type { JsonValue } from '../service/json.js'
import { serviceNames } from '../service/service.js'
import { configOf } from './configuration.js'
import type { Context } from './context.js'
import { eventRow } from './event-row.js'
import { logFileOf, logOption, viewsFileOf } from './files.js'
import { type Format, formats, printFacts, printRows } from './output.js'

interface Options {
  readonly log?: string
  readonly header: readonly string[]
  readonly body?: string
  readonly format: Format
}

export function explainCommand(context: Context): Command {
  return new Command('explain')
    .description('Where a request would go, why, and which event says so. Nothing is sent.')
    .argument('<method>', 'GET, POST, …')
    .argument('<path>', 'as the client would send it to the proxy, with the query')
    .option('-H, --header <field>', "'Name: value', repeatable", gather, [])
    .option('--body <file>', 'what the request carries; - for standard input')
    .option(...logOption)
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText('after', '\nExample: mixmatch explain GET /image/v2/images/5c0b7a52-…')
    .action((method: string, path: string, options: Options, command: Command) => {
      const file = logFileOf(command, context)
      using log = openLogReader(file)
      using locations = openLocations(viewsFileOf(file))
      const federation = { ...federationOf(command, context, log), locate: locations.locate }
      const parsed = parseRequest(method.toUpperCase(), path, headerFields(options.header))
      const request =
        options.body === undefined
          ? parsed
          : {
              ...parsed,
              body: readJson(options.body === '-' ? 0 : resolve(context.cwd, options.body)),
            }
      if (needsBody(request) && options.body === undefined) {
        context.stderr.write(
          'mixmatch: what the body says matters here: give it with --body FILE\n',
        )
      }
      print(context, options.format, decide(request, federation), log)
    })
}

function print(context: Context, format: Format, decision: Decision, log: LogReader): void {
  const restsOn =
    decision.kind === 'one' && decision.restsOn ? log.get(decision.restsOn) : undefined
  const event = restsOn && eventRow(restsOn)
  if (format === 'json') {
    printFacts(context.stdout, 'json', { ...decision, sentence: describe(decision), event })
    return
  }
  context.stdout.write(`${describe(decision)}\n`)
  if (event) {
    context.stdout.write('\n')
    printRows(context.stdout, 'table', [event])
  }
}

/** As configured; with `--log` alone, the clouds that the log has heard of, and no options. */
function federationOf(
  command: Command,
  context: Context,
  log: LogReader,
): Omit<Federation, 'locate'> {
  const { log: named, configFile } = command.optsWithGlobals<{
    log?: string
    configFile?: string
  }>()
  if (named !== undefined && configFile === undefined) {
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
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch {
    return undefined // as the proxy does with a body that is no JSON
  }
}
