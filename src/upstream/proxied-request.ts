import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SpName } from '../ids.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import type { Requester } from './destination.js'
import type { PublicAddress } from './public-address.js'

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
  /** Called with the cloud to which it goes, before anything is sent there. */
  readonly onCloud: (cloud: SpName) => void
  /** Called when the response of the cloud begins, with the milliseconds that it took. */
  readonly onFirstByte: (ms: number) => void
  /** Called for each observation that the response waited for; `isRecorded` if it was recorded in time. */
  readonly onObserved: (isRecorded: boolean) => void
  /** Called if a front asked where the request goes: whether the front sends it to the cloud itself. */
  readonly onOffload: (answer: 'yes' | 'no') => void
}

/** A request before the decision to which cloud it goes. */
export type UndecidedRequest = Pick<
  ProxiedRequest,
  'request' | 'requester' | 'publicAddress' | 'requestId' | 'globalRequestId' | 'req'
>
