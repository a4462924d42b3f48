import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownEventTypes } from '../src/event/event.js'
import { type Buses, type BusKind, openBuses } from './bus/buses.js'
import { EXCHANGES } from './bus/sandbox-bus.js'
import { type RecordedLine, untilRecorded } from './demo/recorded-events.js'
import { type Federation, startFederation } from './federation.js'
import { freePort } from './free-port.js'
import {
  type MixmatchProgram,
  type Outcome,
  runMixmatchCommand,
  startServe,
} from './mixmatch-process.js'
import { renderSettings } from './settings.js'

interface SandboxOptions {
  readonly bus: BusKind
  /** The script of the real `mixmatch`. */
  readonly mainScript: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Leave the directory with configuration, event log and logs behind. */
  readonly keep: boolean
  /** Called with the name of each part that is being started. */
  readonly progress: (words: string) => void
  /** Called with unexpected errors. */
  readonly report: (error: unknown) => void
}

/** A federation of miniature clouds with the real proxy in front of it. */
export interface Sandbox {
  readonly federation: Federation
  readonly buses: Pick<Buses, 'kind' | 'because'>
  readonly proxyUrl: string
  /** The port for operators, with the console. */
  readonly opsUrl: string
  /** The folder for all files of the sandbox. */
  readonly directory: string
  readonly configFile: string
  readonly databaseFile: string
  /** The output of the proxy. */
  readonly logFile: string
  /** Run a command of the real `mixmatch` on its configuration. */
  run(...args: readonly string[]): Promise<Outcome>
  close(): Promise<void>
}

const CLOUDS = ['default', 'sp1', 'sp2']
const RABBIT_PATIENCE_MS = 60_000
const SERVE_PATIENCE_MS = 30_000

/**
 * Start buses, clouds and proxy. `close` stops them in reverse order; so does a part that fails
 * to start.
 *
 * @throws Error, USAGE
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { bus, mainScript, keep, progress, report } = options
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-sandbox-'))
  const undo = [async () => keep || rm(directory, { recursive: true, force: true })]
  const close = async () => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    progress(bus === 'file' ? 'the clouds' : 'the clouds, and RabbitMQ where it is installed')
    const buses = await openBuses({
      wanted: bus,
      clouds: CLOUDS,
      directory,
      path: options.env['PATH'] ?? '',
      patienceMs: RABBIT_PATIENCE_MS,
    })
    undo.push(buses.close)
    const federation = await startFederation({
      clouds: CLOUDS,
      openBus: buses.open,
      directory,
      report,
    })
    undo.push(federation.close)

    // Not 5001: a Mixmatch that listens there would answer in place of this one.
    const port = await freePort()
    const proxyUrl = `http://127.0.0.1:${port}`
    const configFile = join(directory, 'mixmatch.conf')
    const databaseFile = join(directory, 'events.db')
    const logFile = join(directory, 'mixmatch.log')
    const opsPort = await freePort()
    const facts = { clouds: federation.clouds, port, opsPort, databaseFile, logFile }
    await writeFile(configFile, renderSettings(facts), { mode: 0o600 })
    federation.pointCatalogAt(proxyUrl)

    progress('mixmatch serve')
    const env = withoutOptions(options.env)
    const program: MixmatchProgram = { mainScript, configFile, env }
    const serve = await startServe(program, {
      url: proxyUrl,
      logFile,
      patienceMs: SERVE_PATIENCE_MS,
    })
    undo.push(serve.close)
    const run = (...args: readonly string[]) => runMixmatchCommand(program, args)
    if (buses.kind === 'rabbitmq') await untilRecorded(run, unheard, SERVE_PATIENCE_MS)
    return {
      federation,
      buses,
      proxyUrl,
      opsUrl: `http://127.0.0.1:${opsPort}`,
      directory,
      configFile,
      databaseFile,
      logFile,
      run,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A cloud to whose exchanges the recorder is not bound yet: its notifications would be lost. */
function unheard(events: readonly RecordedLine[]): string | null {
  const bound = (cloud: string) =>
    events.filter(
      ({ service_provider, event_type }) =>
        service_provider === cloud && event_type === ownEventTypes.exchangeTransient,
    ).length
  const cloud = CLOUDS.find(name => bound(name) < EXCHANGES.length)
  return cloud === undefined ? null : `that the exchanges of ${cloud} are bound`
}

/** The environment without `OS_<GROUP>__<OPTION>`, which would override the sandbox's own file. */
function withoutOptions(env: SandboxOptions['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('OS_')))
}
