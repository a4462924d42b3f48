import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import {
  type Federation,
  type FederationOptions,
  startFederation,
} from '../../sandbox/federation.js'
import { freePort } from '../../sandbox/free-port.js'
import { type Outcome, runMixmatchCommand, startServe } from '../../sandbox/mixmatch-process.js'
import { renderSettings } from '../../sandbox/settings.js'

/** The real program in front of miniature clouds. */
export interface AttackedProxy {
  readonly federation: Federation
  /** `http://127.0.0.1:<port>` of the proxy, and of the port for operators. */
  readonly url: string
  readonly opsUrl: string
  /** Holds every file that the clouds and the program write. */
  readonly directory: string
  readonly logFile: string
  /** A token of the identity provider, scoped to the project of this user. */
  logIn(name: string, project?: string): Promise<string>
  /** Run a command of the program. */
  run(...args: readonly string[]): Promise<Outcome>
}

type AttackOptions = Pick<FederationOptions, 'intercept' | 'members'> & {
  /** Changes the text of `mixmatch.conf`. */
  readonly settings?: (text: string) => string
}

const mainScript = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PATIENCE_MS = 120_000

/** Start clouds and program; all of it ends with the test. */
export async function startAttackedProxy(
  t: ExecutionContext,
  { settings = text => text, ...options }: AttackOptions = {},
): Promise<AttackedProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-attacks-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const federation = await startFederation({ ...options, directory })
  t.teardown(federation.close)
  const [port, opsPort] = [await freePort(), await freePort()]
  const configFile = join(directory, 'mixmatch.conf')
  const databaseFile = join(directory, 'events.db')
  const facts = { clouds: federation.clouds, port, opsPort, databaseFile }
  await writeFile(configFile, settings(renderSettings(facts)), { mode: 0o600 })
  const url = `http://127.0.0.1:${port}`
  federation.pointCatalogAt(url)
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('OS_')),
  )
  const program = { mainScript, configFile, env }
  const logFile = join(directory, 'mixmatch.log')
  const serve = await startServe(program, { url, logFile, patienceMs: PATIENCE_MS })
  t.teardown(serve.close)
  const keystoneUrl = federation.cloud('default').keystoneUrl
  return {
    federation,
    url,
    opsUrl: `http://127.0.0.1:${opsPort}`,
    directory,
    logFile,
    logIn: (name, project = name) => logIn(keystoneUrl, name, project),
    run: (...args) => runMixmatchCommand(program, args),
  }
}

async function logIn(keystoneUrl: string, name: string, project: string): Promise<string> {
  const domain = { id: 'default' }
  const user = { name, domain, password: `${name}-secret` }
  const response = await fetch(`${keystoneUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user } },
        scope: { project: { name: project, domain } },
      },
    }),
  })
  const token = response.headers.get('X-Subject-Token')
  if (!token) throw new Error(`${name} cannot log in: ${response.status} ${await response.text()}`)
  return token
}
