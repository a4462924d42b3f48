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
  /** Start Mixmatch with a log of its own. The caller ends it. */
  startAlone(options: SceneOptions & Pick<MixmatchOptions, 'logFile'>): Promise<Forwarder>
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

  function startAlone(options: SceneOptions & Pick<MixmatchOptions, 'logFile'>) {
    const fixed = { command: 'proxy', folder, federation } as const
    return startMixmatch({ ...fixed, serviceProviders: ['sp1', 'sp2'], ...options })
  }

  return {
    federation,
    token: await logIn(federation),
    async startMixmatch(resources, options) {
      const { logFile, imagePath } = openHistory(folder, resources)
      return { ...add(await startAlone({ logFile, ...options })), imagePath }
    },
    startAlone,
    add,
    [Symbol.asyncDispose]: () => programs.disposeAsync(),
  }
}
