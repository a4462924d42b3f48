import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import { type HttpServer, listen } from '../http/server.js'
import type { ProxyMetrics } from '../metrics/proxy-metrics.js'
import { openObservationSender } from '../observation/observation-sender.js'
import { createObserver } from '../observation/observer.js'
import { createOverlay } from '../observation/overlay.js'
import { recorderSocketPath } from '../observation/recorder-socket.js'
import { openLocations } from '../projection/locate.js'
import { openCloudClients } from '../upstream/cloud-clients.js'
import type { OnCommand } from './child-messages.js'
import { healthOf } from './health.js'
import { startInterval } from './interval.js'
import { createWorkerApp } from './worker-app.js'

/** How long a response waits until its observation is recorded. An append takes milliseconds. */
const OBSERVATION_WAIT_MS = 2000
/** How often a worker checks whether its views file was replaced. */
const REFRESH_MS = 1000
/** A busy connection has its next request within this time. One that is idle for longer is closed. */
const CHANGE_OVER_MS = 2_000
/** The longest time for a timer of Node: 24 days. */
const LONGEST_TIMER_MS = 2_147_483_647

interface WorkerOptions {
  readonly config: Config
  readonly files: { readonly logFile: string; readonly viewsFile: string }
  readonly metrics: ProxyMetrics
  /** Settles when the worker must stop. */
  readonly stop: Promise<unknown>
  /** Registers a listener for a command of the supervisor. */
  readonly onCommand: OnCommand
  /** Called when the worker accepts connections. */
  readonly onListening: (address: HttpServer['address']) => void
  /** Writes a line of the access log. */
  readonly logRequest: (fields: object) => void
  readonly logger: Logger
}

/**
 * Serve the proxy until `stop` settles. Then finish the running requests, for at most `graceful_timeout`.
 *
 * @returns the number of requests that were aborted
 */
export async function runWorker(options: WorkerOptions): Promise<number> {
  const { config, files, metrics, stop, onCommand, onListening, logRequest, logger } = options
  using locations = openLocations(files.viewsFile, files.logFile, { replaceDamaged: true })
  using _refresh = startInterval(REFRESH_MS, async () => locations.refresh())
  const overlay = createOverlay(locations)
  const observer = createObserver({
    overlay,
    send: observation => sender.send(observation),
    waitMs: OBSERVATION_WAIT_MS,
  })
  using sender = openObservationSender(
    recorderSocketPath(files.logFile),
    // The views show it from the next turn of the event loop on, see `createViewReader`.
    (observation, isRecorded) => setImmediate(observer.settle, observation, isRecorded),
    logger,
  )
  await using clients = openCloudClients(config)

  let draining = false
  const app = createWorkerApp({
    config,
    clients,
    overlay,
    observe: observer.observe,
    record: sender.sendEvent,
    health: () => {
      const reasons = [
        ...(draining ? ['draining'] : []),
        ...(locations.problem() === null ? [] : ['no views']),
      ]
      return healthOf(reasons, config.server.healthcheckDisableFile)
    },
    metrics,
    logRequest,
    logger,
  })
  const server = await listen(app, config.server)
  onCommand('drain', () => {
    draining = true
    server.endKeepAlive()
  })
  void stop.then(() => {
    draining = true
  })
  onListening(server.address)
  return await serveUntilStopped(server, options)
}

/** @returns the number of requests that were aborted */
async function serveUntilStopped(
  server: HttpServer,
  { config, stop, onCommand }: WorkerOptions,
): Promise<number> {
  const replaced = new Promise<void>(resolve => {
    onCommand('finish', () => {
      server.endKeepAlive()
      setTimeout(resolve, CHANGE_OVER_MS)
    })
  })
  await Promise.race([stop, replaced])
  // A replaced worker has no time limit for its requests, until it must stop too.
  await Promise.race([stop, server.drain(LONGEST_TIMER_MS)])
  return await server.drain(config.server.gracefulTimeoutMs)
}
