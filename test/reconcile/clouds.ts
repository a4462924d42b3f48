import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Federation, FederationOptions } from '../../sandbox/federation.js'
import { people } from '../../sandbox/people.js'
import { type Config, readConfig } from '../../src/config/config.js'
import type { Event, RecordedEvent } from '../../src/event/event.js'
import { type ResourceType, resourceId, type SpName, spName } from '../../src/ids.js'
import { openLogReader } from '../../src/log/open-log.js'
import { openRecorder } from '../../src/process/recorder.js'
import type { Drift } from '../../src/projection/listing-comparison.js'
import { openLocations } from '../../src/projection/locate.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import type { ListProgress } from '../../src/reconcile/reconcile-cloud.js'
import type { ReconcileOutcome } from '../../src/reconcile/reconcile-events.js'
import { openReconciler } from '../../src/reconcile/reconciler.js'
import { at, folder } from '../controls.js'
import { logIn, startClouds, type User } from '../sandbox/clouds.js'

export const sp1 = spName('sp1')

type Person = (typeof people)[keyof typeof people]

function userLines({ name, password, project }: Person): string {
  return `username = ${name}\npassword = ${password}\nproject_name = ${project}\n`
}

/** Two miniature clouds, and an empty log. */
export interface Scene {
  readonly federation: Federation
  readonly path: string
  readonly logFile: string
  readonly viewsFile: string
  readonly config: Config
  /** The administrator of sp1, without Mixmatch. */
  readonly admin: User
  /** Append events like notifications of a bus. */
  recordEvents(...events: readonly Event[]): Promise<void>
  /** Reconcile sp1, or another cloud. */
  reconcile(options?: {
    at?: SpName
    signal?: AbortSignal
    onProgress?: (progress: ListProgress, record: (events: readonly Event[]) => void) => void
  }): Promise<Run>
  events(): RecordedEvent[]
  /** `sp1 <project>`, if the view has the resource. */
  located(type: ResourceType, id: string): string[]
}

export interface Run {
  readonly outcome: ReconcileOutcome
  readonly drifts: readonly Drift[]
}

export async function startScene(
  t: ExecutionContext,
  {
    auth = people.admin,
    user = people.admin,
    ...options
  }: FederationOptions & { auth?: Person; user?: Person | null } = {},
): Promise<Scene> {
  const federation = await startClouds(t, { clouds: ['default', 'sp1'], ...options })
  const path = folder(t)
  writeFileSync(join(path, 'mixmatch.conf'), settings(federation, path, auth, user))
  const config = readConfig({ cwd: path, env: {} })
  const logFile = config.database.file
  const files = { logFile, viewsFile: viewsFileOf(logFile), command: 'test' }
  const open = () =>
    openRecorder(
      files,
      error => {
        throw error
      },
      pino({ level: 'silent' }),
    )
  const admin = await logIn(federation.cloud('sp1'), people.admin)
  await (await open())[Symbol.asyncDispose]() // creates the log

  return {
    federation,
    path,
    logFile,
    viewsFile: files.viewsFile,
    config,
    admin,
    async recordEvents(...events) {
      await using recorder = await open()
      recorder.record(events)
    },
    async reconcile({ at = sp1, signal = new AbortController().signal, onProgress } = {}) {
      await using recorder = await open()
      await using reconciler = openReconciler(config, files, 1)
      const drifts: Drift[] = []
      const outcome = await reconciler.reconcile(
        at,
        {
          append: recorder.record,
          onDrift: found => drifts.push(...found),
          onProgress: progress => onProgress?.(progress, recorder.record),
        },
        signal,
      )
      return { outcome, drifts }
    },
    events() {
      using log = openLogReader(logFile)
      return [...log.read()]
    },
    located(type, id) {
      using locations = openLocations(files.viewsFile, files.logFile)
      return locations
        .locate(type, resourceId(id))
        .map(({ serviceProvider, project }) => `${serviceProvider} ${project}`)
    },
  }
}

function settings({ clouds }: Federation, path: string, auth: Person, user: Person | null): string {
  const groups = clouds.map(
    cloud => `
[sp_${cloud.name}]
messagebus = ${cloud.messagebus}
auth_url = ${cloud.keystoneUrl}
image_endpoint = ${cloud.imageUrl}
volume_endpoint = ${cloud.volumeUrl}
${cloud.name === 'default' || user === null ? '' : userLines(user)}`,
  )
  return `[DEFAULT]
service_providers = ${clouds.map(({ name }) => name).join(', ')}
[database]
connection = sqlite:///${join(path, 'events.db')}
[auth]
auth_url = ${clouds[0]?.keystoneUrl}
${userLines(auth)}${groups.join('')}`
}

/** Create an image at sp1, without Mixmatch. */
export async function makeImage(
  { federation, admin }: Pick<Scene, 'federation' | 'admin'>,
  fields: Record<string, unknown> = {},
): Promise<string> {
  const url = `${federation.cloud('sp1').imageUrl}/v2/images`
  const json = { name: 'an image', disk_format: 'raw', container_format: 'bare', ...fields }
  const { status, json: made, text } = await admin.call('POST', url, { json })
  if (status !== 201) throw new Error(`no image: ${status} ${text}`)
  return made.id
}

/** Create a volume at sp1, without Mixmatch. */
export async function makeVolume({
  federation,
  admin,
}: Pick<Scene, 'federation' | 'admin'>): Promise<string> {
  const url = `${federation.cloud('sp1').volumeUrl}/v3/${admin.project}/volumes`
  const { status, json, text } = await admin.call('POST', url, { json: { volume: { size: 1 } } })
  if (status !== 202) throw new Error(`no volume: ${status} ${text}`)
  return json.volume.id
}

export const image = (id: string) => ({ type: 'image', id: resourceId(id) }) as const
export const volume = (id: string) => ({ type: 'volume', id: resourceId(id) }) as const

/** Fields of an event at sp1, before the second in which the test runs: a Date header has whole seconds. */
export const before = { serviceProvider: sp1, emittedAt: at(-86_400 * 300) }

/** The requested path, without its query. */
export const pathOf = (request: IncomingMessage) => (request.url ?? '').replace(/\?.*/, '')

export function answerJson(response: ServerResponse, body: unknown): true {
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body))
  return true
}
