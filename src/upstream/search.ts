import { MixmatchError } from '../errors.js'
import type { ProjectId, ResourceKey, SpName } from '../ids.js'
import type { Observation } from '../observation/observation.js'
import type { Search } from '../routing/decision.js'
import type { CloudWaits } from './cloud-wait.js'

/** Whether a cloud has a resource; `failed` if it did not say. */
export type ProbeResult = Found | Absent | { readonly kind: 'failed' }

export interface Absent {
  readonly kind: 'absent'
  /** Whether every read got a 404 which proves that the user sees no such resource there. */
  readonly isCertain?: boolean
  /** To be recorded, so that the cloud is not asked again for this project. */
  readonly observation?: Observation | undefined
}

interface Found {
  readonly kind: 'found'
  readonly observation: Observation
  /** The project in which the user sees it there: the owner's, or another one for a shared image. */
  readonly project: ProjectId | null
  /** Observations that other clouds do not have it. */
  readonly absences?: readonly Observation[]
}

/** Asks one cloud with a read of the resource; the signal aborts it. */
export type Prober = (
  cloud: SpName,
  resource: ResourceKey,
  signal: AbortSignal,
) => Promise<ProbeResult>

/**
 * Find the cloud that holds a resource. The first of `among` is asked before the others, because most
 * resources are there. Then the others are asked at once, and the first that has it wins. null if no
 * cloud has it.
 *
 * @throws SERVICE_PROVIDER_UNREACHABLE for a write, if a cloud that may have the resource did not
 * respond: the write must not go to another cloud
 */
export async function search(
  { among, resource, readOnly }: Search,
  prober: Prober,
  waits: CloudWaits,
  signal: AbortSignal,
): Promise<Found | null> {
  const [first, ...others] = among
  const failed: SpName[] = []
  const absences: Observation[] = []

  async function probe(cloud: SpName, until: AbortSignal): Promise<Found | null> {
    const result = await probeInTime(cloud, { prober, resource, waits }, until)
    if (result.kind === 'failed' && !until.aborted) failed.push(cloud)
    if (result.kind === 'absent' && result.observation) absences.push(result.observation)
    return result.kind === 'found' ? { ...result, absences: [...absences] } : null
  }

  const nearest = first === undefined ? null : await probe(first, signal)
  if (nearest) return nearest
  const found = await firstFound(others, probe, signal)
  if (found || readOnly || failed.length === 0) return found
  throw new MixmatchError(
    'SERVICE_PROVIDER_UNREACHABLE',
    `${resource.type} ${resource.id} is at none of the clouds that answered, and ` +
      `${failed.join(', ')} did not answer. Nothing was changed anywhere; try again later, or ` +
      'name the cloud in MM-SERVICE-PROVIDER.',
  )
}

/** The first result that found it. Then the other probes are aborted. */
async function firstFound(
  clouds: readonly SpName[],
  probe: (cloud: SpName, until: AbortSignal) => Promise<Found | null>,
  signal: AbortSignal,
): Promise<Found | null> {
  const done = new AbortController()
  const until = AbortSignal.any([signal, done.signal])
  try {
    return await new Promise((resolve, reject) => {
      const probes = clouds.map(async cloud => {
        const found = await probe(cloud, until)
        if (found) resolve(found)
      })
      Promise.all(probes).then(() => resolve(null), reject)
    })
  } finally {
    done.abort()
  }
}

/** Probe one cloud for as long as one cloud may delay a request. */
export async function probeInTime(
  cloud: SpName,
  { prober, resource, waits }: { prober: Prober; resource: ResourceKey; waits: CloudWaits },
  until: AbortSignal,
): Promise<ProbeResult> {
  const wait = waits.open(cloud, until)
  if (wait === null) return { kind: 'failed' }
  const what = `Service provider "${cloud}": looking for ${resource.type} ${resource.id}`
  try {
    return await wait(
      what,
      untilLate => prober(cloud, resource, untilLate),
      ({ kind }) => (kind === 'failed' ? 'down' : 'well'),
    )
  } catch (error) {
    if (error instanceof MixmatchError) return { kind: 'failed' }
    throw error
  }
}
