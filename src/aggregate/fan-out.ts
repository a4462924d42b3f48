import { type FaultCode, MixmatchError } from '../errors.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName } from '../ids.js'
import type { ParsedPath } from '../routing/path.js'
import { inProject } from '../routing/upstream-path.js'
import type { CloudWaits, WaitForCloud } from '../upstream/cloud-wait.js'
import type { Destination, Destinations, Requester } from '../upstream/destination.js'
import type { Timeouts } from '../upstream/failure.js'
import type { Pools } from '../upstream/pools.js'
import { nameRequest } from '../upstream/request-name.js'
import { fetchText, type TextResponse } from '../upstream/text-response.js'
import { forgetToken, retryUnauthorized } from '../upstream/token-retry.js'

/** On whose behalf several clouds are asked. */
export interface FanOutRequest {
  readonly among: readonly SpName[]
  readonly requester: Requester
  /** MM-PROJECT-ID. */
  readonly project: ProjectId | null
  /** What to send to a destination, without what belongs to a body. */
  readonly headers: (destination: Destination) => RawHeaders
}

export interface FanOutParts {
  readonly destinations: Destinations
  readonly pools: Pools
  readonly waits: CloudWaits
  readonly forget: Identity['forget']
  readonly timeouts: Timeouts
}

/** What a cloud had to say in place of what it was asked for. */
export type CloudFailure =
  | { readonly kind: 'refused'; readonly by: Destination; readonly answer: TextResponse }
  | { readonly kind: 'failed'; readonly cloud: SpName; readonly error: MixmatchError }

/** Several clouds asked for one listedItem, as each project that the user has in them. */
export interface FanOut {
  /** In the order of `among`. */
  readonly destinations: readonly Destination[]
  readonly failures: readonly CloudFailure[]
  /** The clouds that gave a good answer, with the headers of the newest. */
  readonly answered: ReadonlyMap<SpName, RawHeaders>
  /** Read what a destination was opened for; null for a failure, which is noted. */
  ask(destination: Destination, query: string): Promise<TextResponse | null>
  /** Read something else in its place, whose answer tells nothing of what is asked for. */
  askAside(destination: Destination, path: ParsedPath): Promise<TextResponse | null>
  /** Note an answer that is no good. */
  refused(by: Destination, answer: TextResponse): void
}

/** Reasons for which a user cannot have anything at a cloud: such a cloud is not missing. */
const NOT_ADMITTED: readonly FaultCode[] = ['FORBIDDEN', 'NO_PROJECT_AT_SERVICE_PROVIDER']

/** Find every place to ask, at all clouds at once; a cloud that cannot be reached is a failure. */
export async function openFanOut(
  path: ParsedPath,
  asker: FanOutRequest,
  parts: FanOutParts,
  signal: AbortSignal,
): Promise<FanOut> {
  const { destinations, pools, waits, forget, timeouts } = parts
  const { among, requester, project: asked, headers } = asker
  const failures: CloudFailure[] = []
  const answered = new Map<SpName, RawHeaders>()
  const waiting = new Map<SpName, WaitForCloud>()

  function failed(cloud: SpName, error: unknown): void {
    if (!(error instanceof MixmatchError)) throw error
    if (NOT_ADMITTED.includes(error.code)) return
    failures.push({ kind: 'failed', cloud, error })
  }

  function waitFor(cloud: SpName): WaitForCloud {
    const wait = waiting.get(cloud)
    if (!wait) throw notTried(cloud)
    return wait
  }

  /** A login alone does not show that the service works; one too slow for a trial counts all the same. */
  function logIn<Result>(cloud: SpName, login: () => Promise<Result>): Promise<Result> {
    const what = `Service provider "${cloud}": logging in`
    return waitFor(cloud)(what, login, (_, late) => (late ? 'well' : 'unknown'))
  }

  async function reachAll(cloud: SpName): Promise<readonly Destination[]> {
    const wait = waits.open(cloud, signal)
    if (wait === null) {
      failures.push({ kind: 'failed', cloud, error: notTried(cloud) })
      return []
    }
    waiting.set(cloud, wait)
    const found: Destination[] = []
    const each = destinations.resolveEach(cloud, path, requester, { asked, owner: null })
    try {
      for (;;) {
        const next = await logIn(cloud, () => each.next())
        if (next.done) break
        found.push(next.value)
      }
    } catch (error) {
      failed(cloud, error)
    }
    return found
  }

  async function askOnce(destination: Destination, path: string): Promise<TextResponse> {
    const { cloud, origin } = destination
    const request = {
      path,
      headers: headers(destination),
      what: nameRequest(cloud, 'GET', path),
    }
    return waitFor(cloud)(
      request.what,
      until => fetchText(pools.dispatcher(cloud, origin), request, timeouts, until),
      ({ status }) => (status >= 500 ? 'down' : 'well'),
    )
  }

  function reachAgain({ cloud, project }: Destination, path: ParsedPath): Promise<Destination> {
    return logIn(cloud, () =>
      destinations.resolve(cloud, path, requester, { asked: project, owner: null }),
    )
  }

  async function askFor(destination: Destination, query: string): Promise<TextResponse | null> {
    const { cloud, path: own, project } = destination
    const asked = `${own}${inProject(query, requester.caller?.project?.id ?? null, project)}`
    try {
      return await retryUnauthorized({
        access: async isRetry => (isRetry ? reachAgain(destination, path) : destination),
        send: access => askOnce(access, asked),
        forget: access => forgetToken(requester, access, forget),
      })
    } catch (error) {
      failed(cloud, error)
      return null
    }
  }

  const reached = await Promise.all(among.map(reachAll))
  return {
    destinations: reached.flat(),
    failures,
    answered,
    async ask(destination, query) {
      const answer = await askFor(destination, query)
      if (answer && isSuccess(answer)) answered.set(destination.cloud, answer.headers)
      return answer
    },
    async askAside(destination, other) {
      const aside = await reachAgain(destination, other).catch(error => {
        failed(destination.cloud, error)
        return null
      })
      return aside && askFor(aside, '')
    },
    refused: (by, answer) => void failures.push({ kind: 'refused', by, answer }),
  }
}

export function isSuccess({ status }: TextResponse): boolean {
  return status >= 200 && status < 300
}

/** The clouds that something is missing of, each once. */
export function missingClouds(
  among: readonly SpName[],
  failures: readonly CloudFailure[],
): SpName[] {
  const missing = new Set(failures.map(failedCloud))
  return among.filter(cloud => missing.has(cloud))
}

/**
 * What the client must be told instead of what the others answered; null where that will do. The
 * answer of a cloud, the nearest first, says more than that another was not there.
 *
 * @param mode `fail`: nothing will do but all of it
 */
export function decisiveFailure(
  { failures, answered }: FanOut,
  among: readonly SpName[],
  mode: 'partial' | 'fail',
): CloudFailure | null {
  const inOrder = among.flatMap(cloud => failures.filter(failure => failedCloud(failure) === cloud))
  const expired = inOrder.find(isUnauthorizedAtHome)
  if (expired) return expired
  if (inOrder.length === 0 || (mode === 'partial' && answered.size > 0)) return null
  return inOrder.find(({ kind }) => kind === 'refused') ?? inOrder[0] ?? null
}

function isUnauthorizedAtHome(failure: CloudFailure): boolean {
  return (
    failedCloud(failure) === IDENTITY_PROVIDER &&
    failure.kind === 'refused' &&
    failure.answer.status === 401
  )
}

export function failedCloud(failure: CloudFailure): SpName {
  return failure.kind === 'refused' ? failure.by.cloud : failure.cloud
}

function notTried(cloud: SpName): MixmatchError {
  const message = `Service provider "${cloud}" has failed time and again, and is left out for a while.`
  return new MixmatchError('SERVICE_PROVIDER_UNREACHABLE', message)
}
