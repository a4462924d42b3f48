import { type Federation, startFederation } from '../../sandbox/federation.js'
import { type History, openHistory } from './history.js'
import { logIn, type MixmatchOptions, startMixmatch } from './mixmatch.js'
import type { Forwarder } from './peers.js'
import type { RowOptions } from './row.js'

/** Three clouds with their Keystones, and the programs of one benchmark. */
export interface Scene extends AsyncDisposable {
  readonly federation: Federation
  /** Of a user at the identity provider. */
  readonly token: string
  /** Start Mixmatch before these resources; two service providers and one worker unless options say otherwise. */
  startMixmatch(
    resources: number,
    options: SceneOptions,
  ): Promise<Forwarder & Pick<History, 'imagePath'>>
  /** End this program with the scene. */
  add(forwarder: Forwarder): Forwarder
}

type SceneOptions = Pick<MixmatchOptions, 'upstream'> & Partial<MixmatchOptions>

export async function openScene({ folder }: RowOptions): Promise<Scene> {
  const federation = await startFederation({ clouds: ['default', 'sp1', 'sp2'] })
  const programs = new AsyncDisposableStack()
  programs.defer(() => federation.close())

  function add(forwarder: Forwarder): Forwarder {
    programs.use(forwarder.program)
    return forwarder
  }

  return {
    federation,
    token: await logIn(federation),
    async startMixmatch(resources, options) {
      const { logFile, imagePath } = openHistory(folder, resources)
      const fixed = { command: 'proxy', folder, logFile, federation } as const
      const serviceProviders = ['sp1', 'sp2']
      const mixmatch = await startMixmatch({ ...fixed, serviceProviders, ...options })
      return { ...add(mixmatch), imagePath }
    },
    add,
    [Symbol.asyncDispose]: () => programs.disposeAsync(),
  }
}
