import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import { sharedSecrets } from '../config/shared-secrets.js'
import { createApp } from '../http/app.js'
import { createDispatch } from '../http/dispatch.js'
import type { Health } from '../http/healthcheck.js'
import type { Identity } from '../identity/identity.js'
import { ADMIN } from '../identity/service-identity.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import type { ProxyMetrics } from '../metrics/proxy-metrics.js'
import { createNetworkExtension, type ExtendNetwork } from '../network-extension/extend-network.js'
import type { ObservationSender } from '../observation/observation-sender.js'
import type { Observer } from '../observation/observer.js'
import type { Overlay } from '../observation/overlay.js'
import { createOffload } from '../offload/offload.js'
import { proxyNameOf } from '../routing/federation.js'
import { createAskNearer } from '../upstream/ask-nearer.js'
import { createBreaker } from '../upstream/breaker.js'
import { createClientAddress } from '../upstream/client-address.js'
import { type CloudClients, createUserClients } from '../upstream/cloud-clients.js'
import { createCloudWaits } from '../upstream/cloud-wait.js'
import { createPublicAddresses, trustedProxies } from '../upstream/public-address.js'

/** The open resources that the requests of a worker need. */
interface WorkerParts {
  readonly config: Config
  readonly clients: CloudClients
  readonly overlay: Overlay
  readonly observe: Observer['observe']
  readonly record: ObservationSender['sendEvent']
  readonly health: () => Health
  readonly metrics: ProxyMetrics
  readonly logRequest: (fields: object) => void
  readonly logger: Logger
}

/** Create the Koa application of a worker from its parts. */
export function createWorkerApp(parts: WorkerParts): ReturnType<typeof createApp> {
  const { config, clients, overlay, observe, health, metrics, logRequest, logger } = parts
  const { server, auth, routing, clouds, upstream } = config
  const { identity, serviceTokens, destinations, forget } = createUserClients(config, clients, {
    onLookup: metrics.countLookup,
    onFederation: metrics.countFederation,
    onUse: metrics.countServiceToken,
    logger,
  })
  const now = () => performance.now()
  const breaker = createBreaker(now)
  metrics.watchBreaker(breaker.openClouds)
  const sending = {
    destinations,
    pools: clients.pools,
    waits: createCloudWaits({ breaker, deadlineMs: routing.aggregationTimeoutMs, now }),
    forget,
    observe,
    timeouts: upstream,
    proxyName: proxyNameOf(clouds),
    authenticateUri: auth.wwwAuthenticateUri,
  }
  const dispatch = createDispatch(sending, {
    errors: routing.aggregationErrors,
    secrets: sharedSecrets(config),
    now,
  })
  const isTrusted = trustedProxies(server.trustedProxies)
  return createApp({
    health,
    onArrival: metrics.countArrival,
    onAnswered: metrics.countRequest,
    cachedCaller: identity.cachedCaller,
    authenticate: identity.authenticate,
    isService: serviceTokens.isService,
    extendNetwork: networkExtensionOf(parts, identity),
    federation: { clouds, locate: overlay.locate, evidence: overlay.evidence, ...routing },
    askNearer: createAskNearer(sending),
    send: createOffload({ ...sending, secret: server.offloadSecret?.reveal() ?? null }, dispatch),
    publicAddressOf: createPublicAddresses({ publicEndpoint: server.publicEndpoint, isTrusted }),
    clientAddress: createClientAddress(isTrusted),
    idleTimeoutMs: upstream.idleTimeoutMs,
    authenticateUri: auth.wwwAuthenticateUri,
    maxRequests: server.maxRequests,
    logRequest,
    logger,
  })
}

/** null if the `enabled_services` of the identity provider do not contain `network`. */
function networkExtensionOf(
  { config, clients, record }: WorkerParts,
  identity: Identity,
): ExtendNetwork | null {
  const clouds = config.clouds.filter(({ extendsNetworks }) => extendsNetworks)
  if (!clouds.some(({ name }) => name === IDENTITY_PROVIDER)) return null
  return createNetworkExtension({
    clouds,
    identity,
    serviceIdentity: clients.serviceIdentity([ADMIN]),
    record,
    pools: clients.pools,
    timeouts: config.upstream,
  })
}
