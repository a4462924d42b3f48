import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import { createApp } from '../http/app.js'
import { createDispatch } from '../http/dispatch.js'
import { type HttpServer, listen } from '../http/server.js'
import { ADMIN } from '../identity/service-identity.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { ProxyMetrics } from '../metrics/proxy-metrics.js'
import { createNetworkExtension } from '../network-extension/extend-network.js'
import { createObserver } from '../observation/observer.js'
import { createOverlay } from '../observation/overlay.js'
import { openSender } from '../observation/sender.js'
import { socketOf } from '../observation/socket.js'
import { openLocations } from '../projection/locate.js'
import { createBreaker } from '../upstream/breaker.js'
import { createClientAddress } from '../upstream/client-address.js'
import { createUserClients, openCloudClients } from '../upstream/cloud-clients.js'
import { createCloudWaits } from '../upstream/cloud-wait.js'
import { createAskNearer } from '../upstream/confirm.js'
import { createArrivals, trustedProxies } from '../upstream/forwarded.js'
import { onCommand } from './child-messages.js'
import { every } from './every.js'
import { healthOf } from './health.js'

/** How long an answer is kept back until what it teaches is recorded: an append takes milliseconds. */
const OBSERVATION_WAIT_MS = 2000
/** How often a worker looks whether other views were put in the place of those it reads. */
const REFRESH_MS = 1000
/** Busy connections have had another request by then; what is idle for longer is simply closed. */
const CHANGE_OVER_MS = 2_000
/** The longest that Node's timers can wait: 24 days. */
const LONGEST_TIMER_MS = 2_147_483_647

/**
 * Serve the proxy until asked to stop; then finish what is running, for at most `graceful_timeout`.
 *
 * @param ready called when connections are accepted
 * @returns how many requests had to be cut off
 */
export async function work(
  config: Config,
  files: { logFile: string; viewsFile: string },
  logger: Logger,
  { asked, metrics }: { asked: Promise<unknown>; metrics: ProxyMetrics },
  ready: (address: HttpServer['address']) => void,
): Promise<number> {
  const { server, auth, routing, clouds, upstream } = config
  const cloudOf = (name: SpName) => clouds.find(cloud => cloud.name === name)
  using locations = openLocations(files.viewsFile, files.logFile, { replaceDamaged: true })
  const overlay = createOverlay(locations)
  const observer = createObserver({
    overlay,
    send: observation => sender.send(observation),
    waitMs: OBSERVATION_WAIT_MS,
  })
  using sender = openSender(socketOf(files.logFile), observer.settle, logger)
  using _refresh = every(REFRESH_MS, async () => locations.refresh())

  await using clients = openCloudClients(config)
  const { identity, serviceTokens, destinations, forget } = createUserClients(config, clients, {
    onLookup: metrics.asked,
    onFederation: metrics.visited,
    onUse: metrics.serviceToken,
    logger,
  })
  const now = () => performance.now()
  const breaker = createBreaker(now)
  metrics.watchBreaker(breaker.openFor)
  const sending = {
    destinations,
    pools: clients.pools,
    waits: createCloudWaits({ breaker, deadlineMs: routing.aggregationTimeoutMs, now }),
    forget,
    observe: observer.observe,
    timeouts: upstream,
    proxyName: cloudOf(IDENTITY_PROVIDER)?.spName ?? IDENTITY_PROVIDER,
    authenticateUri: auth.wwwAuthenticateUri,
  }
  const send = createDispatch(sending, {
    errors: routing.aggregationErrors,
    secrets: sharedSecrets(config),
    now,
  })

  const networkClouds = clouds.filter(({ extendsNetworks }) => extendsNetworks)
  const extendNetwork = networkClouds.some(({ name }) => name === IDENTITY_PROVIDER)
    ? createNetworkExtension({
        clouds: networkClouds,
        identity,
        serviceIdentity: clients.serviceIdentity([ADMIN]),
        record: sender.sendEvent,
        pools: clients.pools,
        timeouts: upstream,
      })
    : null

  let reasons: readonly string[] = []
  const lacking = () => (locations.problem() === null ? [] : ['no views'])
  const isTrusted = trustedProxies(server.trustedProxies)
  const app = createApp({
    health: () => healthOf([...reasons, ...lacking()], server.healthcheckDisableFile),
    onAnswered: metrics.answered,
    authenticate: identity.authenticate,
    isService: serviceTokens.isService,
    extendNetwork,
    federation: { clouds, locate: overlay.locate, evidence: overlay.evidence, ...routing },
    askNearer: createAskNearer(sending),
    send,
    arrivalOf: createArrivals({ publicEndpoint: server.publicEndpoint, isTrusted }),
    clientAddress: createClientAddress(isTrusted),
    idleTimeoutMs: upstream.idleTimeoutMs,
    authenticateUri: auth.wwwAuthenticateUri,
    maxRequests: server.maxRequests,
    logger,
  })
  const listening = await listen(app, server)
  const replaced = new Promise<void>(resolve => {
    onCommand('finish', () => {
      listening.endKeepAlive()
      setTimeout(resolve, CHANGE_OVER_MS)
    })
  })
  onCommand('drain', () => {
    listening.endKeepAlive()
    reasons = ['draining']
  })
  void asked.then(() => {
    reasons = ['draining']
  })
  ready(listening.address)
  await Promise.race([asked, replaced])
  // A replaced worker has all the time that its requests take, until it is asked to end as well.
  await Promise.race([asked, listening.drain(LONGEST_TIMER_MS)])
  const cutOff = await listening.drain(server.gracefulTimeoutMs)
  return cutOff
}

/** What every node of a deployment knows alike, and nobody else. */
function sharedSecrets({ auth, clouds }: Config): readonly string[] {
  if (auth.credentials) return [auth.credentials.password.reveal()]
  return clouds.flatMap(({ messagebuses }) => messagebuses)
}
