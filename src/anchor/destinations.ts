import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MixmatchError } from '../errors.js'
import { type Anchor, formatAnchor } from './anchor.js'
import { postBytes } from './http-post.js'

/**
 * Append an anchor to a file, and wait until it is on the disk. The file is made if it does not exist.
 *
 * @throws FILE_NOT_WRITABLE
 */
export async function appendAnchor(file: string, anchor: Anchor): Promise<void> {
  const { O_APPEND, O_CREAT, O_WRONLY } = constants
  try {
    await using opened = await open(file, O_APPEND | O_CREAT | O_WRONLY, 0o644)
    await opened.writeFile(`${formatAnchor(anchor)}\n`)
    await opened.sync()
  } catch (error) {
    throw new MixmatchError('FILE_NOT_WRITABLE', `${file}: ${messageOf(error)}`, { cause: error })
  }
}

/** The name of the file of anchors in a Git repository. */
const GIT_FILE = 'anchors.ndjson'

/**
 * Append an anchor to the file of a Git repository, and commit it there. Only that file is committed.
 *
 * @param folder of the working tree
 * @param push also push the commit to the remote that the branch follows
 * @throws FILE_NOT_WRITABLE, or ANCHOR_FAILED with what git says
 */
export async function commitAnchor(
  folder: string,
  anchor: Anchor,
  { push }: { readonly push: boolean },
): Promise<void> {
  await appendAnchor(join(folder, GIT_FILE), anchor)
  const subject = `Anchor ${anchor.position} ${anchor.hash.slice(0, 16)}`
  await runGit(folder, ['add', '--', GIT_FILE])
  await runGit(folder, ['commit', '--quiet', '--message', subject, '--', GIT_FILE])
  if (push) await runGit(folder, ['push', '--quiet'])
}

/**
 * POST an anchor as JSON.
 *
 * @param headers names and values in turn, such as `Authorization`
 * @throws ANCHOR_FAILED unless the response is 2xx
 */
export async function postAnchor(
  url: string,
  anchor: Anchor,
  headers: readonly string[],
): Promise<void> {
  const body = Buffer.from(`${formatAnchor(anchor)}\n`)
  await postBytes(url, { type: 'application/json', accept: '*/*', body, headers })
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*?)[ \t]*$/

/**
 * Read headers for `postAnchor` from a file with lines such as `Authorization: Bearer …`.
 *
 * @throws FILE_NOT_READABLE, or USAGE with the number of a wrong line, never with its text
 */
export async function readHeaders(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(error => {
    throw new MixmatchError('FILE_NOT_READABLE', `${file}: ${messageOf(error)}`, { cause: error })
  })
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const [, name, value] = HEADER.exec(line.trim()) ?? []
    if (name !== undefined && value !== undefined) return [name, value]
    const message = `${file}:${index + 1}: expected a header such as "Authorization: Bearer …".`
    throw new MixmatchError('USAGE', message)
  })
}

const run = promisify(execFile)

async function runGit(folder: string, args: readonly string[]): Promise<void> {
  try {
    await run('git', ['-C', folder, ...args], { encoding: 'utf8' })
  } catch (error) {
    const message = `${folder}: git ${args[0]}: ${gitMessage(error)}`
    throw new MixmatchError('ANCHOR_FAILED', message, { cause: error })
  }
}

/** What git printed, in one line. */
function gitMessage(error: unknown): string {
  const printed = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return printed === '' ? messageOf(error) : printed.replace(/\s*\n\s*/g, '; ')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
