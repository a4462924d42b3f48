import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bareDebian, type Debian } from './bare-debian.js'
import { type Instruction, parseDockerfile } from './dockerfile.js'

const run = promisify(execFile)
const source = fileURLToPath(new URL('../..', import.meta.url))

/** An image, as a container engine would build it from the Dockerfile. */
export interface Image {
  readonly debian: Debian
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user: string // '42424:42424'
  readonly directory: string
  readonly volumes: readonly string[]
  readonly ports: readonly string[]
  readonly healthcheck: readonly string[]
  /** ENTRYPOINT and CMD together. */
  readonly command: readonly string[]
  remove(): Promise<void>
}

/**
 * Execute the Dockerfile line by line, without a container engine. Each stage is a separate bare Debian.
 * Only files that git tracks and .dockerignore does not exclude can be copied.
 *
 * @throws for an instruction that is unknown, or that fails
 */
export async function buildImage(): Promise<Image> {
  const context = await contextFolder()
  const stages = new Map<string, Debian>()
  const removeAll = async () => {
    for (const debian of stages.values()) await debian.remove()
    await rm(context, { recursive: true, force: true })
  }
  try {
    const instructions = parseDockerfile(readFileSync(join(source, 'Dockerfile'), 'utf8'))
    const state = new Stage()
    const args = new Map<string, string>() // by their defaults
    for (const each of instructions) await follow(each, state, stages, args, context)
    return { ...state.image(), remove: removeAll }
  } catch (error) {
    await removeAll()
    throw error
  }
}

/** The state of the stage that is being built. */
class Stage {
  debian: Debian | undefined
  env: Record<string, string> = {}
  labels: Record<string, string> = {}
  user = '0:0'
  directory = '/'
  volumes: readonly string[] = []
  ports: readonly string[] = []
  healthcheck: readonly string[] = []
  entrypoint: readonly string[] = []
  command: readonly string[] = []

  begin(debian: Debian): void {
    Object.assign(this, new Stage(), { debian })
  }

  get root(): Debian {
    if (!this.debian) throw new Error('Dockerfile: an instruction before FROM')
    return this.debian
  }

  image(): Omit<Image, 'remove'> {
    const { root, env, labels, user, directory, volumes, ports, healthcheck } = this
    const command = [...this.entrypoint, ...this.command]
    return { debian: root, env, labels, user, directory, volumes, ports, healthcheck, command }
  }
}

async function follow(
  { line, name, flags, words, text }: Instruction,
  stage: Stage,
  stages: Map<string, Debian>,
  args: Map<string, string>,
  context: string,
): Promise<void> {
  switch (name) {
    case 'ARG': {
      const [, key = text, value] = /^(\w+)=(.*)$/.exec(text) ?? []
      if (value !== undefined) args.set(key, value)
      return
    }
    case 'LABEL':
      for (const [, key = '', value = ''] of text.matchAll(/([\w.]+)="([^"]*)"/g)) {
        stage.labels[key] = filled(value, args)
      }
      return
    case 'FROM': {
      const base = filled(words[0] ?? '', args)
      if (base !== 'node:24-bookworm-slim') throw new Error(`Dockerfile:${line}: ${base}?`)
      stage.begin(await bareDebian())
      stages.set(words[2] ?? 'last', stage.root)
      return
    }
    case 'RUN':
      await stage.root.run(text, { cwd: stage.directory, env: stage.env })
      return
    case 'COPY':
      return copy(words, stage, flags['from'] ? stages.get(flags['from'])?.root : context)
    case 'WORKDIR':
      stage.directory = words[0] ?? '/'
      await mkdir(join(stage.root.root, stage.directory), { recursive: true })
      return
    case 'ENV':
      for (const pair of words) stage.env[pair.split('=')[0] ?? ''] = pair.replace(/^[^=]*=/, '')
      return
    case 'USER':
      stage.user = text
      return
    case 'VOLUME':
      stage.volumes = words
      return
    case 'EXPOSE':
      stage.ports = words
      return
    case 'HEALTHCHECK':
      stage.healthcheck = words
      return
    case 'ENTRYPOINT':
      stage.entrypoint = words
      return
    case 'CMD':
      stage.command = words
      return
    default:
      throw new Error(`Dockerfile:${line}: ${name} is not known to this test`)
  }
}

/** Replace `${NAME}` by the value of that ARG. */
function filled(text: string, args: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name) => args.get(name) ?? whole)
}

/** Copy as Docker does: several files into a folder, or the contents of a folder to the destination. */
async function copy(words: readonly string[], stage: Stage, from: string | undefined) {
  if (from === undefined) throw new Error('Dockerfile: COPY from a stage that is not there')
  const target = words.at(-1) ?? ''
  for (const name of words.slice(0, -1)) {
    const isInto = target.endsWith('/')
    const to = join(stage.root.root, target.startsWith('/') ? '' : stage.directory, target)
    const place = isInto ? join(to, basename(name)) : to
    await mkdir(dirname(place), { recursive: true })
    await cp(join(from, name), place, { recursive: true, verbatimSymlinks: true })
  }
}

/** The build context: the files that git tracks, without those that .dockerignore excludes. */
async function contextFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mixmatch-context-'))
  const ignore = readFileSync(join(source, '.dockerignore'), 'utf8').split('\n')
  const kept = ignore.filter(line => line.startsWith('!')).map(line => line.slice(1))
  const { stdout } = await run('git', ['ls-files', '-z', '--', ...kept], {
    cwd: source,
    maxBuffer: 16 * 1024 * 1024,
  })
  for (const file of stdout.split('\0').filter(name => name !== '')) {
    await cp(join(source, file), join(folder, file), { recursive: true })
  }
  return folder
}
