import { setImmediate } from 'node:timers/promises'
import { type FaultCode, MixmatchError } from '../errors.js'
import type { Event } from '../event/event.js'
import { now } from '../event/time.js'
import { ADMIN, type ServiceAccess } from '../identity/service-identity.js'
import type { ResourceType, SpName } from '../ids.js'
import type { ServiceName } from '../service/service.js'
import { type Collection, collections } from './collections.js'
import { openComparison } from './comparison.js'
import { confirmed } from './confirm.js'
import {
  type Compared,
  type Drift,
  driftEvent,
  type Failure,
  finishedEvent,
  type Outcome,
  type Sight,
} from './drift.js'
import { list } from './listing.js'
import { outages, type Read } from './reader.js'

/** One cloud to be compared with the view of it. */
export interface Subject {
  readonly cloud: { readonly name: SpName; readonly enabledServices: readonly string[] }
  readonly viewsFile: string
  readonly access: () => Promise<Pick<ServiceAccess, 'roles' | 'project'>>
  readonly read: Read
  /** Names the run in its events. */
  readonly run: string
  readonly signal: AbortSignal
}

/** What becomes of what is found. */
export interface Findings {
  /** Put events into the log; when it returns, or what it returns is resolved, they are there. */
  readonly append: (events: readonly Event[]) => void | Promise<void>
  /** Called with differences that were found, after they were appended. */
  readonly onDrift?: (drifts: readonly Drift[]) => void
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly type: ResourceType
  readonly listed: number
  /** How many the view has: what there is to be listed, more or less. */
  readonly expected: number
}

/**
 * Compare what a cloud really has with the view of it, and append what mends the view. A type of
 * resource that cannot be listed to the end is told as failed, and nothing of it is declared gone;
 * the others go on. Whoever calls this again finds only what is left to do.
 *
 * @throws the signal's reason; then nothing says that the run came to its end
 */
export async function reconcile(subject: Subject, findings: Findings): Promise<Outcome> {
  const { cloud, run, signal } = subject
  const beganAt = now()
  const compared: Compared[] = []
  const failed: Failure[] = []
  const down = new Map<ServiceName, MixmatchError>()

  /** What one cloud does not answer must not keep us from the rest; all else must. */
  function fail(type: ResourceType | null, error: unknown): MixmatchError {
    signal.throwIfAborted()
    if (!(error instanceof MixmatchError) || ownFaults.includes(error.code)) throw error
    if (type === null || error.code !== ABSENT) failed.push({ type, reason: error.message })
    return error
  }

  async function compareEach(as: Sight): Promise<void> {
    const enabled = collections.filter(({ service }) => cloud.enabledServices.includes(service))
    for (const collection of enabled) {
      try {
        const reason = down.get(collection.service)
        if (reason) throw reason
        compared.push(await compare(collection, as, subject, findings))
      } catch (error) {
        const failure = fail(collection.type, error)
        if (outages.includes(failure.code)) down.set(collection.service, failure)
      }
    }
  }

  const as = (await sight(subject).catch(error => void fail(null, error))) ?? null
  if (as) await compareEach(as)
  const outcome = { beganAt, as, collections: compared, failed }
  await findings.append([finishedEvent(cloud.name, run, outcome, now())])
  return outcome
}

/** A cloud need not have every collection; one that it has not is no failure. */
const ABSENT: FaultCode = 'NOT_FOUND'
/** What goes wrong on this side, for whichever cloud. */
const ownFaults: readonly FaultCode[] = ['RECORDER_GONE', 'LOG_NOT_FOUND']

async function sight({ access }: Subject): Promise<Sight> {
  const { roles, project } = await access()
  return { sees: roles.includes(ADMIN) ? 'everything' : 'project', project: project.id }
}

async function compare(
  collection: Collection,
  as: Sight,
  { cloud, viewsFile, run, read, signal }: Subject,
  { append, onDrift = () => {}, onProgress = () => {} }: Findings,
): Promise<Compared> {
  const { type } = collection
  const drift = { unknown: 0, returned: 0, owner: 0, gone: 0 }
  async function found(drifts: readonly Drift[]): Promise<void> {
    await setImmediate() // let others have their turn who share the process
    signal.throwIfAborted()
    if (drifts.length === 0) return
    for (const { difference } of drifts) drift[difference] += 1
    await append(drifts.map(each => driftEvent(cloud.name, run, each)))
    onDrift(drifts)
  }

  using comparison = openComparison(viewsFile, cloud.name, type)
  const { expected } = comparison
  let listed = 0
  for await (const { items, at } of list(collection, as.sees === 'everything', read)) {
    listed += comparison.add(items, at)
    onProgress({ type, listed, expected })
  }
  for (const batch of comparison.surplus()) {
    const returned = batch.filter(({ difference }) => difference === 'returned')
    const others = batch.filter(({ difference }) => difference !== 'returned')
    await found([...others, ...(await confirmed(returned, collection, read))])
  }
  for (const batch of comparison.missing(as.sees === 'everything' ? null : as.project)) {
    await found(await confirmed(batch, collection, read))
  }
  return { type, listed, drift }
}
