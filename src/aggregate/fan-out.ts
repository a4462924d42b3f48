import { type FaultCode, MixmatchError } from '../errors.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import type { ProjectId, SpName } from '../ids.js'
import type { ParsedPath } from '../routing/path.js'
import { replaceProject } from '../routing/upstream-path.js'
import type { CloudWaits, WaitForCloud } from '../upstream/cloud-wait.js'
import type { Destination, Destinations, Requester } from '../upstream/destination.js'
import type { Timeouts } from '../upstream/failure.js'
import type { Pools } from '../upstream/pools.js'
import { nameRequest } from '../upstream/request-name.js'
import { fetchText, type TextResponse } from '../upstream/text-response.js'
import { forgetToken, retryUnauthorized } from '../upstream/token-retry.js'
import type { CloudFailure } from './cloud-failures.js'

/** Which clouds to ask, and for whom. */
export interface FanOutRequest {
  /** The identity provider first. */
  readonly among: readonly SpName[]
  readonly requester: Requester
  /** MM-PROJECT-ID. */
  readonly project: ProjectId | null
  /** The headers for a destination, without those that describe a body. */
  readonly headers: (destination: Destination) => RawHeaders
  /** Called with every response. */
  readonly onResponse: () => void
}

export interface FanOutParts {
  readonly destinations: Destinations
  readonly pools: Pools
  readonly waits: CloudWaits
  readonly forget: Identity['forget']
  readonly timeouts: Timeouts
}

/** One request to several clouds, once for each project that the user has in them. */
export interface FanOut {
  /** In the order of `among`. */
  readonly destinations: readonly Destination[]
  readonly failures: readonly CloudFailure[]
  /** The clouds that responded well, with the headers of their last response. */
  readonly answered: ReadonlyMap<SpName, RawHeaders>
  /** Fetch the path of the fan-out; null for a failure, which is recorded. */
  fetch(destination: Destination, query: string): Promise<TextResponse | null>
  /** Fetch another path. The cloud is not added to `answered` for it. */
  fetchOther(destination: Destination, path: ParsedPath): Promise<TextResponse | null>
  /** Record an error response as a failure. */
  noteRejected(by: Destination, response: TextResponse): void
}

/**
 * Log in to all clouds at once, and find a destination for every project. A cloud that cannot be
 * reached is recorded as a failure.
 *
 * @param signal aborted when the client has left
 */
export async function openFanOut(
  path: ParsedPath,
  request: FanOutRequest,
  parts: FanOutParts,
  signal: AbortSignal,
): Promise<FanOut> {
  const session: Session = { path, request, parts, failures: [], waits: new Map() }
  const answered = new Map<SpName, RawHeaders>()
  const found = await Promise.all(
    request.among.map(cloud => findDestinations(cloud, session, signal)),
  )
  return {
    destinations: found.flat(),
    failures: session.failures,
    answered,
    async fetch(destination, query) {
      const response = await fetchNotingFailure(destination, query, session)
      if (response && isSuccess(response)) answered.set(destination.cloud, response.headers)
      return response
    },
    async fetchOther(destination, other) {
      const otherDestination = await noteFailure(destination.cloud, session, () =>
        logInAgain(destination, other, session),
      )
      return otherDestination && fetchNotingFailure(otherDestination, '', session)
    },
    noteRejected: (by, response) => void session.failures.push({ kind: 'rejected', by, response }),
  }
}

export function isSuccess({ status }: TextResponse): boolean {
  return status >= 200 && status < 300
}

interface Session {
  readonly path: ParsedPath
  readonly request: FanOutRequest
  readonly parts: FanOutParts
  readonly failures: CloudFailure[]
  readonly waits: Map<SpName, WaitForCloud>
}

async function findDestinations(
  cloud: SpName,
  session: Session,
  signal: AbortSignal,
): Promise<readonly Destination[]> {
  const { path, request, parts, failures, waits } = session
  const wait = parts.waits.open(cloud, signal)
  if (wait === null) {
    failures.push({ kind: 'failed', cloud, error: leftOut(cloud) })
    return []
  }
  waits.set(cloud, wait)
  const preference = { asked: request.project, owner: null }
  const each = parts.destinations.resolveEach(cloud, path, request.requester, preference)
  const found: Destination[] = []
  await noteFailure(cloud, session, async () => {
    for (;;) {
      const next = await logIn(cloud, session, () => each.next())
      if (next.done) return
      found.push(next.value)
    }
  })
  return found
}

/** A login does not prove that the service works. A login that is too late for a trial is still used. */
function logIn<Result>(
  cloud: SpName,
  session: Session,
  login: () => Promise<Result>,
): Promise<Result> {
  const what = `Service provider "${cloud}": logging in`
  return waitFor(cloud, session)(what, login, (_, late) => (late ? 'well' : 'unknown'))
}

function logInAgain(
  { cloud, project }: Destination,
  path: ParsedPath,
  session: Session,
): Promise<Destination> {
  const { request, parts } = session
  const preference = { asked: project, owner: null }
  return logIn(cloud, session, async () =>
    parts.destinations.resolve(cloud, path, request.requester, preference),
  )
}

function fetchNotingFailure(
  destination: Destination,
  query: string,
  session: Session,
): Promise<TextResponse | null> {
  const { path, request, parts } = session
  const { requester } = request
  const local = requester.caller?.project?.id ?? null
  const target = `${destination.path}${replaceProject(query, local, destination.project)}`
  return noteFailure(destination.cloud, session, () =>
    retryUnauthorized({
      access: async isRetry => (isRetry ? logInAgain(destination, path, session) : destination),
      send: access => fetchOnce(access, target, session),
      forget: access => forgetToken(requester, access, parts.forget),
    }),
  )
}

async function fetchOnce(
  destination: Destination,
  path: string,
  session: Session,
): Promise<TextResponse> {
  const { request, parts } = session
  const { cloud, origin } = destination
  const what = nameRequest(cloud, 'GET', path)
  const get = { path, headers: request.headers(destination), what }
  const pool = parts.pools.pool(cloud, origin)
  const response = await waitFor(cloud, session)(
    what,
    until => fetchText(pool, get, parts.timeouts, until),
    ({ status }) => (status >= 500 ? 'down' : 'well'),
  )
  request.onResponse()
  return response
}

function waitFor(cloud: SpName, { waits }: Session): WaitForCloud {
  const wait = waits.get(cloud)
  if (!wait) throw leftOut(cloud)
  return wait
}

/** With these errors the user has no resources at a cloud, so nothing of it is missing. */
const NOT_ADMITTED: readonly FaultCode[] = ['FORBIDDEN', 'NO_PROJECT_AT_SERVICE_PROVIDER']

/** @returns null for a failure, which is recorded */
async function noteFailure<Result>(
  cloud: SpName,
  { failures }: Session,
  work: () => Promise<Result>,
): Promise<Result | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    if (!NOT_ADMITTED.includes(error.code)) failures.push({ kind: 'failed', cloud, error })
    return null
  }
}

function leftOut(cloud: SpName): MixmatchError {
  const message = `Service provider "${cloud}" has failed several times in a row, and is not asked for a while.`
  return new MixmatchError('SERVICE_PROVIDER_UNREACHABLE', message)
}
