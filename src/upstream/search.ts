import { MixmatchError } from '../errors.js'
import type { ProjectId, ResourceKey, SpName } from '../ids.js'
import type { Observation } from '../observation/observation.js'
import type { Search } from '../routing/decision.js'
import type { CloudWaits } from './cloud-wait.js'

/** What a cloud says of a resource: that it has it, that it does not, or nothing of use. */
export type Sighting = Found | Absent | { readonly kind: 'failed' }

export interface Absent {
  readonly kind: 'absent'
  /** Where every read was answered 404: that this is so. */
  readonly observation?: Observation | undefined
}

export interface Found {
  readonly kind: 'found'
  readonly observation: Observation
  /** The project in which the user sees it there: the owner's, or for a shared image another. */
  readonly project: ProjectId | null
  /** Which clouds turned out not to have it before. */
  readonly absences?: readonly Observation[]
}

/** Ask one cloud with a read of the resource itself; the signal calls it off. */
export type Look = (cloud: SpName, resource: ResourceKey, signal: AbortSignal) => Promise<Sighting>

/**
 * Find the cloud that holds a resource: the first of `among` before all others, because what is at
 * home most often is, then the others at once, of which the first to have it wins. Null where none
 * has it.
 *
 * @throws SERVICE_PROVIDER_UNREACHABLE for a write, where a cloud that might have the resource did
 * not say: it must not go where the resource is not
 */
export async function search(
  { among, resource, readOnly }: Search,
  look: Look,
  waits: CloudWaits,
  signal: AbortSignal,
): Promise<Found | null> {
  const [first, ...others] = among
  const failed: SpName[] = []
  const absences: Observation[] = []

  async function sight(cloud: SpName, until: AbortSignal): Promise<Found | null> {
    const sighting = await lookInTime(cloud, { look, resource, waits }, until)
    if (sighting.kind === 'failed' && !until.aborted) failed.push(cloud)
    if (sighting.kind === 'absent' && sighting.observation) absences.push(sighting.observation)
    return sighting.kind === 'found' ? { ...sighting, absences: [...absences] } : null
  }

  const near = first === undefined ? null : await sight(first, signal)
  if (near) return near
  const found = await firstFound(others, sight, signal)
  if (found || readOnly || failed.length === 0) return found
  throw new MixmatchError(
    'SERVICE_PROVIDER_UNREACHABLE',
    `${resource.type} ${resource.id} is at none of the clouds that answered, and ` +
      `${failed.join(', ')} did not answer. Nothing was changed anywhere; try again later, or ` +
      'name the cloud in MM-SERVICE-PROVIDER.',
  )
}

/** The first that is found; the other looks are called off then. */
async function firstFound(
  clouds: readonly SpName[],
  sight: (cloud: SpName, until: AbortSignal) => Promise<Found | null>,
  signal: AbortSignal,
): Promise<Found | null> {
  const done = new AbortController()
  const until = AbortSignal.any([signal, done.signal])
  try {
    return await new Promise((resolve, reject) => {
      const looks = clouds.map(async cloud => {
        const found = await sight(cloud, until)
        if (found) resolve(found)
      })
      Promise.all(looks).then(() => resolve(null), reject)
    })
  } finally {
    done.abort()
  }
}

/** Look at one cloud for as long as one cloud may hold up a request. */
export async function lookInTime(
  cloud: SpName,
  { look, resource, waits }: { look: Look; resource: ResourceKey; waits: CloudWaits },
  until: AbortSignal,
): Promise<Sighting> {
  const wait = waits.open(cloud, until)
  if (wait === null) return { kind: 'failed' }
  const what = `Service provider "${cloud}": looking for ${resource.type} ${resource.id}`
  try {
    return await wait(
      what,
      untilLate => look(cloud, resource, untilLate),
      ({ kind }) => (kind === 'failed' ? 'down' : 'well'),
    )
  } catch (error) {
    if (error instanceof MixmatchError) return { kind: 'failed' }
    throw error
  }
}
