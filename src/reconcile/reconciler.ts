import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.js'
import { ADMIN, createServiceIdentity } from '../identity/service-identity.js'
import type { SpName } from '../ids.js'
import { createPools } from '../upstream/pools.js'
import type { Outcome } from './drift.js'
import { createReader } from './reader.js'
import { type Findings, reconcile } from './reconcile.js'

/** What reconciles clouds, one after another or at once. */
export interface Reconciler extends AsyncDisposable {
  /** @throws the signal's reason, and what `findings.append` throws */
  reconcile(at: SpName, findings: Findings, signal: AbortSignal): Promise<Outcome>
}

/** Keystone answers in milliseconds or is not well; a way to a service provider takes six answers. */
const KEYSTONE_TIMEOUT_MS = 15_000
const PAUSE_MS = 1_000

/**
 * @param pauseMs how long to wait before a read that failed is tried again
 * @throws CONFIG_INVALID where a `cafile` cannot be read
 */
export function openReconciler(
  { auth, clouds, upstream }: Pick<Config, 'auth' | 'clouds' | 'upstream'>,
  viewsFile: string,
  pauseMs = PAUSE_MS,
): Reconciler {
  const { connectTimeoutMs, headersTimeoutMs } = upstream
  const identity = createServiceIdentity({
    keystone: auth,
    clouds,
    wanted: [ADMIN],
    timeouts: {
      connectTimeoutMs,
      answerTimeoutMs: Math.min(headersTimeoutMs, KEYSTONE_TIMEOUT_MS),
    },
    now: Date.now,
  })
  const cloudOf = (name: SpName) => clouds.find(cloud => cloud.name === name)
  const pools = createPools({
    connectTimeoutMs,
    connections: null,
    trust: name => cloudOf(name) ?? { cafile: null, insecure: false },
  })
  return {
    async reconcile(at, findings, signal) {
      const cloud = cloudOf(at)
      if (!cloud) throw new RangeError(`there is no cloud "${at}"`)
      const run = randomUUID()
      const requestId = `req-${run}`
      const parts = { cloud, identity, pools, timeouts: upstream, requestId, pauseMs, signal }
      const access = () => identity.access(at)
      const subject = { cloud, viewsFile, access, read: createReader(parts), run, signal }
      return reconcile(subject, findings)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pools.destroy(), identity.close()])
    },
  }
}
