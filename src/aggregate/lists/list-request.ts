import type { RawHeaders } from '../../http-client/raw-headers.js'
import { headerValue } from '../../http-client/raw-headers.js'
import type { Caller } from '../../identity/identity.js'
import type { SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import type { ServiceName } from '../../service/service.js'
import type { Destination } from '../../upstream/destination.js'
import type { FanOutParts, FanOutRequest } from '../fan-out.js'
import type { Cursors } from './cursor.js'
import { type MicroversionRange, withCommonMicroversion } from './list-microversion.js'

/** A request for a list over several clouds. */
export interface ListRequest extends FanOutRequest {
  readonly path: ParsedPath
  /** The name of the array in the response: `volumes`. */
  readonly envelope: string
  readonly caller: Caller
  /** The headers of the client's request. */
  readonly received: RawHeaders
  /** The proxies that the request has passed, this one last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
  /** Where clients find the proxy, without a slash at the end. */
  readonly publicBase: string
}

export interface ListParts extends FanOutParts {
  /** The microversions of a cloud; null if it has none or is not known to have any. */
  readonly microversions: (
    service: ServiceName,
    cloud: SpName,
    request: Pick<ListRequest, 'requester' | 'visited'>,
  ) => Promise<MicroversionRange | null>
  readonly cursors: Cursors
  /** Whether a list without some cloud is better than an error. */
  readonly errors: 'partial' | 'fail'
}

/** The request with a microversion that all clouds understand in the same way, if it names one. */
export async function useCommonMicroversion(
  request: ListRequest,
  { microversions }: ListParts,
): Promise<ListRequest> {
  const { received, path, among } = request
  if (headerValue(received, 'openstack-api-version') === undefined) return request
  const known = await Promise.all(among.map(cloud => microversions(path.service, cloud, request)))
  const ranges = known.filter(range => range !== null)
  return {
    ...request,
    received: withCommonMicroversion(received, ranges),
    headers: (to: Destination) => withCommonMicroversion(request.headers(to), ranges),
  }
}
