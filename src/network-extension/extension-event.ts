import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { now } from '../event/time.js'
import type { Caller } from '../identity/identity.js'
import { IDENTITY_PROVIDER, type ProjectId } from '../ids.js'
import type { ExtensionRequest } from './extension-request.js'

/** The result of a request to extend a network. */
interface ExtendedNetwork {
  readonly request: ExtensionRequest
  /** The id of the new network; null if the response of Neutron has none. */
  readonly networkId: string | null
  readonly segmentationId: number
  readonly caller: Pick<Caller, 'userId'>
  readonly project: ProjectId
  readonly requestId: string
}

/**
 * The event for an extended network. It changes no location. Its body is JSON:
 * `{"network": "<id>", "extends": {"service_provider": "sp1", "network": "<id>"},
 * "segmentation_id": 42, "project": "…", "user": "…", "request_id": "req-…"}`.
 */
export function extensionEvent(extended: ExtendedNetwork): Event {
  const { request, networkId, segmentationId, caller, project, requestId } = extended
  return createOwnEvent({
    serviceProvider: IDENTITY_PROVIDER,
    source: 'proxy',
    eventType: ownEventTypes.networkExtended,
    emittedAt: now(),
    project,
    body: {
      network: networkId,
      extends: { service_provider: request.origin, network: request.networkId },
      segmentation_id: segmentationId,
      project,
      user: caller.userId,
      request_id: requestId,
    },
  })
}
