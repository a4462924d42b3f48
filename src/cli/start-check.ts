import { accessSync, constants, statSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { CheckedConfig, Config } from '../config/config.js'
import type { ConfigIssue } from '../config/config-issue.js'
import type { Option } from '../config/option.js'
import { options } from '../config/options.js'
import { errorCodeOf } from '../error-code.js'
import { MixmatchError } from '../errors.js'
import { TOKEN_NEEDED } from '../http/ops-visitor.js'
import { whyNoLog } from '../log/probe.js'
import { rejectLostLog } from '../projection/belonging.js'

/** Problems that stop `serve` from starting with a valid configuration, and its warnings. */
interface StartCheck {
  readonly problems: readonly ConfigIssue[]
  readonly warnings: readonly ConfigIssue[]
}

/** Check the files, folders and ports of a configuration. Nothing is created. */
export async function checkStart({ config, settings }: CheckedConfig): Promise<StartCheck> {
  if (config === null) return { problems: [], warnings: [] }
  const createIssue: CreateIssue = (group, option, message) => {
    const { origin } = settings.effective(group, option)
    return { origin, section: group, option: option.name, message }
  }
  const ports = await checkPorts(config, createIssue)
  return { ...ports, problems: [...checkFiles(config, createIssue), ...ports.problems] }
}

type CreateIssue = (group: string, option: Option<unknown>, message: string) => ConfigIssue

function checkFiles({ database, logging }: Config, createIssue: CreateIssue): ConfigIssue[] {
  const noLog = whyNoLog(database.file) ?? whyNotWritable(database.file) ?? whyLost(database.file)
  const noLogFile = logging.file === null ? null : whyNotWritable(logging.file)
  return [
    ...(noLog === null ? [] : [createIssue('database', options.database.connection, noLog)]),
    ...(noLogFile === null ? [] : [createIssue('DEFAULT', options.DEFAULT.logFile, noLogFile)]),
  ]
}

async function checkPorts(config: Config, createIssue: CreateIssue): Promise<StartCheck> {
  const { server, ops } = config
  const isOpsOnPort = ops.socket === null
  if (isOpsOnPort && server.port !== 0 && server.port === ops.port && server.host === ops.host) {
    const message = `expected another port than that of [DEFAULT] port, found ${ops.port} in both`
    return { problems: [createIssue('ops', options.ops.port, message)], warnings: [] }
  }
  const problems: ConfigIssue[] = []
  const warnings: ConfigIssue[] = []
  for (const [group, { host, port }, names] of [
    ['DEFAULT', server, options.DEFAULT],
    ...(isOpsOnPort ? ([['ops', ops, options.ops]] as const) : []),
  ] as const) {
    const code = await whyNotListening(host, port)
    const where = `${host}:${port}`
    if (code === 'EADDRINUSE' && (await isRunning(config))) {
      const message = `${where} is in use, by the Mixmatch that runs already`
      warnings.push(createIssue(group, names.port, message))
    } else if (code === 'EADDRINUSE') {
      problems.push(createIssue(group, names.port, `${where}: another process listens there`))
    } else if (code === 'EACCES') {
      problems.push(
        createIssue(group, names.port, `${where}: this user may not listen there (${code})`),
      )
    } else if (code !== null) {
      const message = `expected an address of this machine, found ${host} (${code})`
      problems.push(createIssue(group, names.host, message))
    }
  }
  return { problems, warnings }
}

/** Why a log is lost, so that `serve` does not start; null if it is not lost. */
function whyLost(logFile: string): string | null {
  try {
    rejectLostLog(logFile)
    return null
  } catch (error) {
    if (error instanceof MixmatchError) return error.message
    throw error
  }
}

/** Why a file cannot be written, or created with its folders; null if it can. */
function whyNotWritable(file: string): string | null {
  const existing = nearestExisting(file)
  const stats = statSync(existing, { throwIfNoEntry: false })
  if (existing === file && stats?.isDirectory()) return `${file}: expected a file, found a folder`
  if (existing !== file && !stats?.isDirectory())
    return `${existing}: expected a folder, found a file`
  const folder = existing === file ? dirname(file) : existing // SQLite creates more files next to a log
  for (const path of existing === file ? [file, folder] : [folder]) {
    try {
      accessSync(path, constants.W_OK)
    } catch (error) {
      return `${path}: expected that this user may write there, found ${errorCodeOf(error)}`
    }
  }
  return null
}

/** The path if it exists, otherwise the nearest parent folder that exists. */
function nearestExisting(path: string): string {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
  return isThere || dirname(path) === path ? path : nearestExisting(dirname(path))
}

/** The error code of listening at this address, such as `EADDRINUSE`; null if it works. */
function whyNotListening(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', error => resolve(errorCodeOf(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

const ANSWER_TIMEOUT_MS = 1_000

/** Whether what listens on the port for operators is a Mixmatch. */
function isRunning({ ops: { host, port, socket } }: Config): Promise<boolean> {
  return new Promise(resolve => {
    const where = socket === null ? { host, port } : { socketPath: socket }
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    get({ ...where, path: '/metrics', signal }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => resolve(false))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve(text.includes('mixmatch_') || text.includes(TOKEN_NEEDED))
      })
    }).on('error', () => resolve(false)) // there is no response
  })
}
