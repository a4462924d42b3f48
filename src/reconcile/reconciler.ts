import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.js'
import { ADMIN } from '../identity/service-identity.js'
import type { SpName } from '../ids.js'
import { openCloudClients } from '../upstream/cloud-clients.js'
import { createCloudReader } from './cloud-reader.js'
import { type ReconcileSink, reconcile } from './reconcile-cloud.js'
import type { ReconcileOutcome } from './reconcile-events.js'

/** Reconciles the clouds of a configuration, one after another or at the same time. */
export interface Reconciler extends AsyncDisposable {
  /** @throws the signal's reason, and what `findings.append` throws */
  reconcile(at: SpName, findings: ReconcileSink, signal: AbortSignal): Promise<ReconcileOutcome>
}

const PAUSE_MS = 1_000

/**
 * @param files the log, and the views with which the clouds are compared
 * @param pauseMs the wait before a failed read is retried
 * @throws CONFIG_INVALID if a `cafile` cannot be read
 */
export function openReconciler(
  config: Pick<Config, 'auth' | 'clouds' | 'upstream'>,
  files: { readonly logFile: string; readonly viewsFile: string },
  pauseMs = PAUSE_MS,
): Reconciler {
  const { clouds, upstream } = config
  const clients = openCloudClients(config)
  const { pools } = clients
  const identity = clients.serviceIdentity([ADMIN])
  return {
    async reconcile(at, findings, signal) {
      const cloud = clouds.find(({ name }) => name === at)
      if (!cloud) throw new RangeError(`there is no cloud "${at}"`)
      const run = randomUUID()
      const requestId = `req-${run}`
      const parts = { cloud, identity, pools, timeouts: upstream, requestId, pauseMs, signal }
      const access = () => identity.access(at)
      const target = { cloud, files, access, read: createCloudReader(parts), run, signal }
      return reconcile(target, findings)
    },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  }
}
