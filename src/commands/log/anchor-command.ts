import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Anchor, createAnchor } from '../../anchor/anchor.js'
import { appendAnchor, commitAnchor, postAnchor, readHeaders } from '../../anchor/destinations.js'
import { requestTimestamp } from '../../anchor/timestamp-request.js'
import type { Context } from '../../cli/context.js'
import { logOption, openCommandHistory, resolveOutputFile } from '../../cli/log-files.js'
import { MixmatchError } from '../../errors.js'

interface AnchorOptions {
  readonly file?: string
  readonly git?: string
  readonly push?: true
  readonly url?: string
  readonly headers?: string
  readonly tsa?: string
}

export function anchorCommand(context: Context): Command {
  return new Command('anchor')
    .description(
      'Note the newest position and its hash outside of the log, where its writer cannot change them.',
    )
    .option(...logOption)
    .option('--file <file>', 'append to this file, best on another host')
    .option('--git <folder>', 'append to anchors.ndjson in this Git repository, and commit it')
    .option('--push', 'with --git: also push the commit')
    .option('--url <url>', 'POST as JSON to this address', parseUrl)
    .option('--headers <file>', 'with --url: send these headers, such as Authorization, as well')
    .option('--tsa <url>', 'let this time-stamping authority (RFC 3161) sign the hash', parseUrl)
    .addHelpText(
      'after',
      '\nEach anchor is one line of JSON: position, hash, time, version, and the time stamp if there is one.\n' +
        'Several places can be given. Exits 1 if one of them failed; the others have the anchor then.\n' +
        'mixmatch audit verify --anchors FILE checks a copy of the log against all of them.\n' +
        'Example: mixmatch log anchor --file /mnt/witness/anchors.ndjson',
    )
    .action(async (options: AnchorOptions, command: Command) => {
      const places = await placesOf(options, context)
      using log = openCommandHistory(command, context)
      const anchor = createAnchor(log)
      const stamped = await attempt(context, () => stamp(anchor, options.tsa))
      for (const place of places) await attempt(context, () => place(stamped ?? anchor))
      context.stdout.write(`${anchor.position} ${anchor.hash}\n`)
    })
}

/** @throws USAGE if there is none */
async function placesOf(options: AnchorOptions, context: Context) {
  const { file, git, push, url, headers, tsa } = options
  const places: ((anchor: Anchor) => Promise<void>)[] = []
  if (file !== undefined) {
    const path = resolveOutputFile(file, context)
    places.push(anchor => appendAnchor(path, anchor))
  }
  if (git !== undefined) {
    const folder = resolve(context.cwd, git)
    places.push(anchor => commitAnchor(folder, anchor, { push: push ?? false }))
  }
  if (url !== undefined) {
    const sent = headers === undefined ? [] : await readHeaders(resolve(context.cwd, headers))
    places.push(anchor => postAnchor(url, anchor, sent))
  }
  if (places.length > 0) return places
  const message =
    tsa === undefined
      ? 'expected at least one place for the anchor: --file, --git or --url.'
      : '--tsa: the time stamp must be kept somewhere: add --file, --git or --url.'
  throw new MixmatchError('USAGE', `log anchor: ${message}`)
}

async function stamp(anchor: Anchor, tsa: string | undefined): Promise<Anchor> {
  if (tsa === undefined) return anchor
  return { ...anchor, timestamp: await requestTimestamp(tsa, anchor.hash) }
}

/** One failed place must not prevent the others. The exit code is 1 then. */
async function attempt<Result>(
  { stderr, setExitCode }: Context,
  run: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    stderr.write(`mixmatch: ${error.message}\n`)
    setExitCode(1)
    return undefined
  }
}

const noUrl = { protocol: '', username: '', password: '' }

function parseUrl(text: string): string {
  const { protocol, username, password } = URL.canParse(text) ? new URL(text) : noUrl
  if (username !== '' || password !== '') {
    const message = 'credentials in an address are visible to other users: put them in --headers.'
    throw new MixmatchError('USAGE', message)
  }
  if (/^https?:$/.test(protocol)) return text
  throw new MixmatchError('USAGE', `"${text}": expected an http or https URL.`)
}
