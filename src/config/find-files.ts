import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { errorCodeOf } from '../error-code.js'
import { MixmatchError } from '../errors.js'
import type { ConfigIssue } from './config-issue.js'

/** The usual configuration files. All that exist are read; a later file overrides an earlier one. */
export const searchedFiles = [
  'mixmatch.conf',
  'etc/mixmatch/mixmatch.conf',
  '/etc/mixmatch/mixmatch.conf',
] as const

/** `--config-file`, or `--config-dir` for all `*.conf` in a folder, in the order of their names. */
export type ConfigSource = { readonly file: string } | { readonly dir: string }

interface FoundFiles {
  readonly texts: readonly { readonly file: string; readonly text: string }[]
  /** The first file or folder that cannot be read. The search ends there. */
  readonly problems: readonly ConfigIssue[]
  /** Files in folders that this user may not read. They are treated as missing. */
  readonly hidden: readonly string[]
}

/**
 * Read the configuration files of the command line, in their order. As with oslo.config, `searchedFiles`
 * are read first if the command line has no `--config-file`.
 *
 * @throws CONFIG_NOT_FOUND if a file or folder of the command line does not exist
 */
export function findFiles(asked: readonly ConfigSource[], cwd: string): FoundFiles {
  const isSearched = !asked.some(source => 'file' in source)
  const sources = [...(isSearched ? searchedFiles.map(file => ({ file })) : []), ...asked]
  const texts: { readonly file: string; readonly text: string }[] = []
  const hidden: string[] = []
  for (const source of sources) {
    const files = filesOf(source, cwd)
    if ('message' in files) return { texts, hidden, problems: [files] }
    for (const file of files) {
      const read = readText(file, cwd)
      switch (read.kind) {
        case 'text':
          texts.push({ file, text: read.text })
          break
        case 'missing':
          if (!isSearched || !('file' in source)) throw notFound(file, 'configuration file')
          break
        case 'hidden':
          if (!isSearched)
            return { texts, hidden, problems: [unreadable(file, TEXT_FILE, 'EACCES')] }
          hidden.push(file)
          break
        case 'unreadable':
          return { texts, hidden, problems: [unreadable(file, TEXT_FILE, read.code)] }
        default:
          read satisfies never
      }
    }
  }
  return { texts, hidden, problems: [] }
}

/** The files of a source, or why they cannot be listed. */
function filesOf(source: ConfigSource, cwd: string): readonly string[] | ConfigIssue {
  if ('file' in source) return [source.file]
  try {
    const names = readdirSync(resolve(cwd, source.dir)).filter(name => name.endsWith('.conf'))
    return names.sort().map(name => join(source.dir, name))
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') throw notFound(source.dir, 'configuration folder')
    return unreadable(source.dir, 'a folder', errorCodeOf(error))
  }
}

type ReadText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'hidden' }
  | { readonly kind: 'unreadable'; readonly code: string }

function readText(file: string, cwd: string): ReadText {
  try {
    const bytes = readFileSync(resolve(cwd, file))
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    const code = errorCodeOf(error)
    if (isHidden(resolve(cwd, file))) return { kind: 'hidden' }
    return ['ENOENT', 'ENOTDIR'].includes(code) ? { kind: 'missing' } : { kind: 'unreadable', code }
  }
}

const TEXT_FILE = 'a UTF-8 text file'

function unreadable(file: string, expected: string, code: string): ConfigIssue {
  const message = `expected ${expected} that can be read, found ${code}`
  return { origin: { from: 'file', file, line: null }, section: null, option: null, message }
}

function notFound(path: string, what: string): MixmatchError {
  return new MixmatchError('CONFIG_NOT_FOUND', `${path}: there is no such ${what}.`)
}

/**
 * Whether a parent folder may not be searched, so that it is unknown whether the file exists. That is common
 * for the working directory after a change of user. But a file that is visible and not readable is a problem.
 */
function isHidden(path: string): boolean {
  try {
    lstatSync(path)
    return false
  } catch (error) {
    return errorCodeOf(error) === 'EACCES'
  }
}
