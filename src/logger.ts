import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { destination, type Logger, pino } from 'pino'
import { serializeError } from './error-serializer.js'
import { MixmatchError } from './errors.js'
import { isJsonObject, parseJson } from './json.js'
import { makeFolder } from './make-folder.js'
import { visibleLine } from './visible-text.js'

/** `[DEFAULT] debug`, `log_file`, `use_json`. */
export interface LoggerOptions {
  /** Also what only helps to find a fault. */
  readonly debug: boolean
  /** A file to append to; standard error where null. */
  readonly file: string | null
  /** JSON lines, or the one-line form that OpenStack's own services write. */
  readonly json: boolean
}

/**
 * The log of a process. Lines are written at once, so that a crash takes none with it.
 *
 * @throws FILE_NOT_WRITABLE
 */
export function createLogger(options: LoggerOptions, name: string): Logger {
  const file = options.file === null ? destination({ dest: 2, sync: true }) : openFile(options.file)
  const settings = {
    name,
    level: options.debug ? 'debug' : 'info',
    base: { name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    serializers: { err: (error: unknown) => serializeError(error) },
  }
  return options.json
    ? pino(settings, file)
    : pino(
        settings,
        osloLines(line => file.write(line)),
      )
}

function openFile(file: string) {
  try {
    makeFolder(dirname(file))
    return destination({ dest: file, sync: true })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `[DEFAULT] log_file: ${file} cannot be written (${reason}). Give it another place.`
    throw new MixmatchError('FILE_NOT_WRITABLE', message, { cause })
  }
}

/**
 * Turn pino's lines into `2026-11-23 19:41:55.120 4711 INFO recorder the message {"rest":"…"}`.
 * An access line (`"access":true`) stays the JSON it is, for the programs that read it.
 */
function osloLines(write: (line: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      write(osloLine(String(chunk)))
      done()
    },
  })
}

export function osloLine(line: string): string {
  const fields = parseJson(line)
  if (!isJsonObject(fields)) return line
  const { time, pid, level, name, msg, ...rest } = fields
  if (rest['access'] === true) return line
  const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`
  const when = String(time).replace('T', ' ').replace('Z', '')
  const text = `${when} ${pid} ${String(level).toUpperCase()} ${name} ${msg ?? ''}${details}`
  return `${visibleLine(text)}\n`
}
