import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ini from 'ini'
import type { Federation } from '../../sandbox/federation.js'
import { freePort } from '../../sandbox/free-port.js'
import { people } from '../../sandbox/people.js'
import type { Forwarder } from './peers.js'
import { listening, startProgram } from './program.js'

export interface MixmatchOptions {
  readonly command: 'serve' | 'proxy'
  /** For its configuration and its log lines. */
  readonly folder: string
  readonly logFile: string
  readonly federation: Federation
  /** The service providers of the configuration. Those that the federation lacks share the last one of it. */
  readonly serviceProviders: readonly string[]
  /** The port of the Glance of all clouds; null for those of the federation. */
  readonly upstream: number | null
  /** The port of the Glance of the service providers, if it is another one. */
  readonly remoteUpstream?: number
  readonly workers?: number
  readonly offloadSecret?: string
  /** The bus of the identity provider. */
  readonly bus?: { readonly url: string; readonly queue: string }
}

export const mainScript = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** Start the program that was built, as an operator would, with everything on. */
export async function startMixmatch(options: MixmatchOptions): Promise<Forwarder> {
  const port = await freePort()
  const file = join(options.folder, `mixmatch-${port}.conf`)
  writeFileSync(file, ini.stringify(await settings(options, port)))
  const args = [mainScript, '--config-file', file, options.command]
  // Several processes share the work: as an operator would, give them all cores.
  const on = options.command === 'serve' || (options.workers ?? 1) > 1 ? 'all' : 'proxy'
  const program = startProgram(process.execPath, args, on)
  await listening(port, program)
  return { name: 'Mixmatch', port, program }
}

async function settings(options: MixmatchOptions, port: number) {
  const { federation, serviceProviders, upstream, bus } = options
  const clouds = ['default', ...serviceProviders].map(name => {
    const cloud = federation.clouds.find(each => each.name === name) ?? federation.clouds.at(-1)
    const port = name === 'default' ? upstream : (options.remoteUpstream ?? upstream)
    const imageEndpoint = port === null ? cloud?.imageUrl : `http://127.0.0.1:${port}`
    return {
      name,
      group: {
        sp_name: cloud?.name,
        auth_url: cloud?.keystoneUrl,
        image_endpoint: imageEndpoint,
        enabled_services: 'image',
        ...(bus && name === 'default' && { messagebus: bus.url, queue_name: bus.queue }),
      },
    }
  })
  return {
    DEFAULT: {
      host: '127.0.0.1',
      port,
      service_providers: clouds.map(({ name }) => name).join(', '),
      aggregation: true,
      workers: options.workers ?? 1,
      ...(options.offloadSecret !== undefined && { offload_secret: options.offloadSecret }),
      log_file: join(options.folder, `mixmatch-${port}.log`),
      use_json: true,
    },
    ops: { port: await freePort() },
    database: { connection: `sqlite:///${options.logFile}` },
    auth: { auth_url: federation.cloud('default').keystoneUrl },
    ...Object.fromEntries(clouds.map(({ name, group }) => [`sp_${name}`, group])),
  }
}

/** A token of a user at the identity provider. */
export async function logIn(federation: Federation): Promise<string> {
  const { name, password, project } = people.demo
  const user = { name, domain: { id: 'default' }, password }
  const scope = { project: { name: project, domain: { id: 'default' } } }
  const auth = { identity: { methods: ['password'], password: { user } }, scope }
  const response = await fetch(`${federation.cloud('default').keystoneUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`Keystone answered ${response.status}: no token`)
  return token
}
