import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SpName } from '../ids.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import type { Requester } from './destination.js'
import type { PublicAddress } from './public-address.js'

/** What is known about a request while it is sent, for its line in the access log. */
export interface RequestProgress {
  /** The cloud to which it goes, before anything is sent there. */
  serviceProvider: SpName | null
  /** Milliseconds from the upstream request to the first byte of its response; for lists, to the first whole response. */
  firstByteMs: number | null
  /**
   * `recorded`: the observation from the response was in the log before the client got the response.
   * `pending`: it was not yet, so another worker may not know it. null if there is no observation.
   */
  observed: 'recorded' | 'pending' | null
  /** The answer to a front that asked where the request goes; null if none asked. */
  offload: 'yes' | 'no' | null
}

/** Note an observation for which the response waited. */
export function noteObserved(progress: RequestProgress, isRecorded: boolean): void {
  progress.observed = isRecorded && progress.observed !== 'pending' ? 'recorded' : 'pending'
}

/** A request on its way through the proxy. */
export interface ProxiedRequest {
  readonly request: RoutedRequest
  readonly decision: Decision
  readonly requester: Requester
  readonly publicAddress: PublicAddress
  readonly requestId: string
  readonly globalRequestId: string
  /** See `ForwardRequest`. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly progress: RequestProgress
}

/** A request before the decision to which cloud it goes. */
export type UndecidedRequest = Pick<
  ProxiedRequest,
  'request' | 'requester' | 'publicAddress' | 'requestId' | 'globalRequestId' | 'req'
>
