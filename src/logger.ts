import { fstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, type Logger, pino } from 'pino'
import { serializeError } from './error-serializer.js'
import { MixmatchError } from './errors.js'
import { isJsonObject, parseJson } from './json.js'
import { createLineBuffer } from './line-buffer.js'
import { makeFolder } from './make-folder.js'
import { visibleLine } from './visible-text.js'

/** `[DEFAULT] debug`, `log_file`, `use_json`. */
interface LoggerOptions {
  /** Also log what only helps to find a fault. */
  readonly debug: boolean
  /** A file to append to; null for standard error. */
  readonly file: string | null
  /** true: JSON lines. false: the one-line form of OpenStack services. null: JSON, except on a terminal. */
  readonly json: boolean | null
}

/** The log of a process. */
export type ProcessLogger = Logger & {
  /** Write a line of the access log. The lines of one turn of the event loop are written together. */
  logRequest(fields: object): void
  /** Open the file again: the old one may have been renamed. Does nothing with standard error. */
  reopen(): void
}

/**
 * Open the log of a process. Lines are written at once, so that none is lost in a crash; those of the
 * access log at the end of the turn of the event loop, before any later line.
 *
 * @throws FILE_NOT_WRITABLE
 */
export function createLogger(options: LoggerOptions, name: string): ProcessLogger {
  const output =
    options.file === null ? destination({ ...unbuffered, dest: 2 }) : openFile(options.file)
  // A full disk must not end the process: requests are still served. Lines are written when there is space.
  output.on('error', () => {})
  const requests = createLineBuffer(lines => output.write(lines))
  const now = createTimestamp()
  const settings = {
    name,
    level: options.debug ? 'debug' : 'info',
    base: { name, pid: process.pid },
    timestamp: () => `,"time":"${now()}"`,
    formatters: { level: (level: string) => ({ level }) },
    serializers: { err: (error: unknown) => serializeError(error) },
  }
  const isText = !(options.json ?? (options.file !== null || !process.stderr.isTTY))
  const isPrioritized = options.file === null && isJournal(process.env['JOURNAL_STREAM'])
  const format = (line: string) =>
    (isPrioritized ? priorityOf(line) : '') + (isText ? osloLine(line) : line)
  const logger = pino(settings, {
    write(line) {
      requests.flush()
      output.write(format(line))
    },
  })
  const priority = isPrioritized ? `<${INFO}>` : ''
  const base = JSON.stringify(settings.base).slice(1, -1)
  return Object.assign(logger, {
    // Always JSON, for the programs that read it. Not through pino, which takes three times as long; the
    // lines have the same form.
    logRequest(fields: object) {
      const members = JSON.stringify(fields).slice(1, -1)
      requests.add(
        `${priority}{"level":"info","time":"${now()}",${base},"access":true,${members},"msg":"request"}\n`,
      )
    },
    reopen() {
      if (options.file === null) return
      requests.flush()
      try {
        output.reopen()
      } catch (error) {
        logger.error({ err: error, file: options.file }, 'the log file could not be opened again')
      }
    },
  })
}

/** The time of a line, ISO 8601. Under load several lines have the same one, and to format it takes a fifth of a line. */
function createTimestamp(): () => string {
  let formattedMs = 0
  let formatted = ''
  return () => {
    const nowMs = Date.now()
    if (nowMs !== formattedMs) formatted = new Date(nowMs).toISOString()
    formattedMs = nowMs
    return formatted
  }
}

/** While a disk is full, lines of at most `maxLength` bytes wait for space. Later ones are lost. */
const unbuffered = { sync: true, maxLength: 1024 * 1024 }

function openFile(file: string) {
  try {
    makeFolder(dirname(file))
    return destination({ ...unbuffered, dest: file, mode: 0o640 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `[DEFAULT] log_file: ${file} cannot be written (${reason}). Give it another place.`
    throw new MixmatchError('FILE_NOT_WRITABLE', message, { cause })
  }
}

/** Whether standard error is the journal. JOURNAL_STREAM has its device and inode, see systemd.exec(5). */
function isJournal(journalStream: string | undefined): boolean {
  if (!journalStream) return false
  const { dev, ino } = fstatSync(2)
  return journalStream === `${dev}:${ino}`
}

/** The priority of a line for the journal, as in sd-daemon(3): `<3>` for an error. */
function priorityOf(line: string): string {
  const [, level = 'info'] = /^\{"level":"(\w+)"/.exec(line) ?? []
  return `<${priorities[level] ?? INFO}>`
}

const INFO = 6
const priorities: Readonly<Record<string, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: INFO,
  debug: 7,
}

/**
 * Turn pino's line into `2026-11-23 19:41:55.120 4711 INFO recorder the message {"rest":"…"}`.
 */
export function osloLine(line: string): string {
  const fields = parseJson(line)
  if (!isJsonObject(fields)) return line
  const { time, pid, level, name, msg, ...rest } = fields
  const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`
  const when = String(time).replace('T', ' ').replace('Z', '')
  const text = `${when} ${pid} ${String(level).toUpperCase()} ${name} ${msg ?? ''}${details}`
  return `${visibleLine(text)}\n`
}
