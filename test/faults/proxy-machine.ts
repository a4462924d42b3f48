import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Federation, startFederation } from '../../sandbox/federation.js'
import { freePort } from '../../sandbox/free-port.js'
import { renderSettings } from '../../sandbox/settings.js'
import { createMixmatchNode, type MixmatchNode } from '../fleet/mixmatch-node.js'
import type { Intercept } from './machine.js'

/** Miniature clouds whose buses are files, and one machine with Mixmatch in front of them. */
export interface ProxyMachine {
  readonly federation: Federation
  /** Not running yet. */
  readonly node: MixmatchNode
}

interface ProxyMachineOptions {
  /** The first is the identity provider. */
  readonly clouds: readonly string[]
  readonly intercept?: Intercept
  /** Further lines of `mixmatch.conf`, before its first group. */
  readonly options?: readonly string[]
  /** The folder of the event log; by default that of the machine. */
  readonly logFolder?: string
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>
}

/** Needs no RabbitMQ. Everything ends with the test. */
export async function startProxyMachine(
  t: Pick<ExecutionContext, 'teardown'>,
  { clouds, intercept = () => false, options = [], logFolder, env = {} }: ProxyMachineOptions,
): Promise<ProxyMachine> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-faults-'))
  if (!process.env['MIXMATCH_FAULTS_KEEP'])
    t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const federation = await startFederation({ clouds, directory, intercept })
  t.teardown(federation.close)
  const home = join(directory, 'machine')
  const [port, opsPort] = [await freePort(), await freePort()]
  const databaseFile = join(logFolder ?? home, 'events.db')
  const settings = renderSettings({ clouds: federation.clouds, port, opsPort, databaseFile })
  const node = await createMixmatchNode({
    name: 'the machine',
    port,
    opsPort,
    directory: home,
    settings: settings.replace('[DEFAULT]', ['[DEFAULT]', ...options].join('\n')),
    relays: [],
    env,
  })
  t.teardown(node.kill)
  return { federation, node: { ...node, databaseFile } }
}
