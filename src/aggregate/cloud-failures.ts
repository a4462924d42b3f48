import type { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { Destination } from '../upstream/destination.js'
import type { TextResponse } from '../upstream/text-response.js'

/** Why something of a cloud is missing. */
export type CloudFailure =
  /** The cloud responded with an error. */
  | { readonly kind: 'rejected'; readonly by: Destination; readonly response: TextResponse }
  /** There was no response. */
  | { readonly kind: 'failed'; readonly cloud: SpName; readonly error: MixmatchError }

export function failedCloud(failure: CloudFailure): SpName {
  return failure.kind === 'rejected' ? failure.by.cloud : failure.cloud
}

/** The clouds of which something is missing, each once. */
export function missingClouds(
  among: readonly SpName[],
  failures: readonly CloudFailure[],
): SpName[] {
  const missing = new Set(failures.map(failedCloud))
  return among.filter(cloud => missing.has(cloud))
}

/**
 * The failure to respond with, in place of the items of the other clouds; null if there is none. An
 * error response has precedence over a cloud without a response, and a nearer cloud over others.
 *
 * @param answered the clouds that responded well
 * @param mode `fail`: every failure counts; `partial`: only if no cloud responded well
 */
export function decisiveFailure(
  { failures, answered }: FailureReport,
  among: readonly SpName[],
  mode: 'partial' | 'fail',
): CloudFailure | null {
  const inOrder = among.flatMap(cloud => failures.filter(failure => failedCloud(failure) === cloud))
  // The user's token is invalid, even if other clouds accepted it.
  const unauthorized = inOrder.find(isUnauthorizedByIdentityProvider)
  if (unauthorized) return unauthorized
  if (inOrder.length === 0 || (mode === 'partial' && answered.size > 0)) return null
  return inOrder.find(({ kind }) => kind === 'rejected') ?? inOrder[0] ?? null
}

interface FailureReport {
  readonly failures: readonly CloudFailure[]
  readonly answered: { readonly size: number }
}

function isUnauthorizedByIdentityProvider(failure: CloudFailure): boolean {
  return (
    failure.kind === 'rejected' &&
    failedCloud(failure) === IDENTITY_PROVIDER &&
    failure.response.status === 401
  )
}
