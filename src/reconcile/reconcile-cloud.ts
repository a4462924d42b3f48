import { setImmediate } from 'node:timers/promises'
import { type FaultCode, MixmatchError } from '../errors.js'
import type { Event } from '../event/event.js'
import { now } from '../event/time.js'
import { ADMIN, type ServiceAccess } from '../identity/service-identity.js'
import type { ResourceType, SpName } from '../ids.js'
import { type Drift, openComparison } from '../projection/listing-comparison.js'
import type { ServiceName } from '../service/service.js'
import { outageCodes, type ReadCloud } from './cloud-reader.js'
import { collections, type ListedCollection } from './collections.js'
import { confirmDrifts } from './confirmation.js'
import { listCollection } from './listing.js'
import {
  type ComparedCollection,
  createDriftEvent,
  createFinishedEvent,
  type ReconcileFailure,
  type ReconcileOutcome,
  type Visibility,
} from './reconcile-events.js'

/** A cloud to compare with its view, and how to read it. */
interface ReconcileTarget {
  readonly cloud: { readonly name: SpName; readonly enabledServices: readonly string[] }
  /** The log and its views. */
  readonly files: { readonly logFile: string; readonly viewsFile: string }
  readonly access: () => Promise<Pick<ServiceAccess, 'roles' | 'project'>>
  readonly read: ReadCloud
  /** The id of the run. All events of the run contain it. */
  readonly run: string
  readonly signal: AbortSignal
}

/** Receives the differences of a run. */
export interface ReconcileSink {
  /** Append events to the log. They are stored when it returns or its promise resolves. */
  readonly append: (events: readonly Event[]) => void | Promise<void>
  /** Called with differences after they were appended. */
  readonly onDrift?: (drifts: readonly Drift[]) => void
  readonly onProgress?: (progress: ListProgress) => void
}

/** The progress of the list of one type. */
export interface ListProgress {
  readonly type: ResourceType
  readonly listed: number
  /** The number of resources in the view, as an estimate of the number in the list. */
  readonly expected: number
}

/**
 * Compare the resources of a cloud with its view, and append events that correct the view. If a type of
 * resource cannot be listed completely, that is a failure, and no resource of this type counts as deleted.
 * The other types are still compared. A second run finds only the differences that the first one left.
 *
 * @throws the signal's reason; then the log has no event for the end of the run
 */
export async function reconcile(
  target: ReconcileTarget,
  sink: ReconcileSink,
): Promise<ReconcileOutcome> {
  const { cloud, run, signal } = target
  const beganAt = now()
  const compared: ComparedCollection[] = []
  const failed: ReconcileFailure[] = []
  const down = new Map<ServiceName, MixmatchError>()

  /** An error of the cloud ends one collection. Any other error ends the run. */
  function noteFailure(type: ResourceType | null, error: unknown): MixmatchError {
    signal.throwIfAborted()
    if (!(error instanceof MixmatchError) || localFaults.includes(error.code)) throw error
    if (type === null || error.code !== ABSENT) failed.push({ type, reason: error.message })
    return error
  }

  async function compareCollections(as: Visibility): Promise<void> {
    const enabled = collections.filter(({ service }) => cloud.enabledServices.includes(service))
    for (const collection of enabled) {
      try {
        const reason = down.get(collection.service)
        if (reason) throw reason
        compared.push(await compare(collection, as, target, sink))
      } catch (error) {
        const failure = noteFailure(collection.type, error)
        if (outageCodes.includes(failure.code)) down.set(collection.service, failure)
      }
    }
  }

  const as = (await readVisibility(target).catch(error => void noteFailure(null, error))) ?? null
  if (as) await compareCollections(as)
  const outcome = { beganAt, as, collections: compared, failed }
  await sink.append([createFinishedEvent(cloud.name, run, outcome, now())])
  return outcome
}

/** A cloud does not have to support every collection. */
const ABSENT: FaultCode = 'NOT_FOUND'
/** Errors of Mixmatch, not of the cloud. They end the run. */
const localFaults: readonly FaultCode[] = ['RECORDER_GONE', 'LOG_NOT_FOUND', 'VIEWS_UNAVAILABLE']

async function readVisibility({ access }: ReconcileTarget): Promise<Visibility> {
  const { roles, project } = await access()
  return { sees: roles.includes(ADMIN) ? 'everything' : 'project', project: project.id }
}

async function compare(
  collection: ListedCollection,
  as: Visibility,
  { cloud, files, run, read, signal }: ReconcileTarget,
  { append, onDrift = () => {}, onProgress = () => {} }: ReconcileSink,
): Promise<ComparedCollection> {
  const { type } = collection
  const drift = { unknown: 0, returned: 0, owner: 0, gone: 0 }
  async function report(drifts: readonly Drift[]): Promise<void> {
    await setImmediate() // the recorder and others share this process
    signal.throwIfAborted()
    if (drifts.length === 0) return
    for (const { difference } of drifts) drift[difference] += 1
    await append(drifts.map(each => createDriftEvent(cloud.name, run, each)))
    onDrift(drifts)
  }

  using comparison = openComparison(files, cloud.name, type)
  const { expected } = comparison
  let listed = 0
  for await (const { items, at } of listCollection(collection, as.sees === 'everything', read)) {
    listed += comparison.add(items, at)
    onProgress({ type, listed, expected })
  }
  for (const batch of comparison.surplus()) {
    const returned = batch.filter(({ difference }) => difference === 'returned')
    const others = batch.filter(({ difference }) => difference !== 'returned')
    await report([...others, ...(await confirmDrifts(returned, collection, read))])
  }
  for (const batch of comparison.missing(as.sees === 'everything' ? null : as.project)) {
    await report(await confirmDrifts(batch, collection, read))
  }
  return { type, listed, drift }
}
