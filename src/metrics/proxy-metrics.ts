import { Counter, Gauge, Histogram } from 'prom-client'
import { byLabel, PlainCounter, PlainHistogram } from './plain-metrics.js'
import { createRegistry } from './process-metrics.js'
import type { MetricsSnapshot } from './snapshot.js'

/** A finished request. Each label has few possible values, because each value makes a time series. */
export interface AnsweredRequest {
  /** `image`, `volume`; `other` for other paths. */
  readonly service: string
  /** The cloud to which it was sent; `none` if it was not sent to a cloud. */
  readonly cloud: string
  readonly method: string
  readonly status: number
  /** Why it was sent there; `none` if it was rejected before routing. */
  readonly reason: string
  readonly seconds: number
  /** From the upstream request to the first byte of its response; null if there was no response. */
  readonly firstByteSeconds: number | null
  /** Bytes of the bodies: from the client, and to it. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** The fault code; null if there was no fault. */
  readonly fault: string | null
  /** The answer to a front that asked where the request goes; null if none asked. */
  readonly offload: 'yes' | 'no' | null
}

/** The metrics of one worker. */
export interface ProxyMetrics {
  /** A request has arrived. `countRequest` follows when it has ended. */
  countArrival(): void
  countRequest(request: AnsweredRequest): void
  /** A lookup in the token cache: `caller` for validated tokens, `visit` for tokens of other clouds. */
  countLookup(cache: 'caller' | 'visit', result: 'hit' | 'miss'): void
  /** A Keystone-to-Keystone login at another cloud. */
  countFederation(cloud: string, result: 'arrived' | 'failed', ms: number): void
  /** A request of a service to another cloud, with a service token for that cloud or without. */
  countServiceToken(cloud: string, result: 'sent' | 'left_out'): void
  /** At every snapshot, call this function for the clouds with an open breaker. */
  watchBreaker(openClouds: () => readonly string[]): void
  snapshot(): Promise<MetricsSnapshot>
}

/** Buckets from a response with a cached token to an upload that takes minutes. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** Label values come from the configuration and the code, never from the path or the ids of a request. */
export function createProxyMetrics(): ProxyMetrics {
  const registry = createRegistry('worker')
  const registers = [registry]
  const requests = new PlainCounter({
    name: 'mixmatch_requests_total',
    help: 'Requests answered. reason says why they went to that cloud.',
    labelNames: ['service', 'cloud', 'method', 'code', 'reason'],
    registers,
  })
  const duration = new PlainHistogram({
    name: 'mixmatch_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer, bodies included.',
    labelNames: ['service', 'cloud', 'method'],
    buckets: SECONDS,
    registers,
  })
  const firstByte = new PlainHistogram({
    name: 'mixmatch_upstream_first_byte_seconds',
    help: 'From the request to a cloud to the first byte of its response; for lists, to the first whole one.',
    labelNames: ['service', 'cloud'],
    buckets: SECONDS,
    registers,
  })
  const received = new PlainCounter({
    name: 'mixmatch_request_body_bytes_total',
    help: 'Bytes of bodies that clients sent.',
    labelNames: ['service', 'cloud'],
    registers,
  })
  const sent = new PlainCounter({
    name: 'mixmatch_response_body_bytes_total',
    help: 'Bytes of bodies that clients were sent.',
    labelNames: ['service', 'cloud'],
    registers,
  })
  let inFlight = 0
  new Gauge({
    name: 'mixmatch_requests_in_flight',
    help: 'Requests that have arrived and are not answered completely.',
    registers,
    collect() {
      this.set(inFlight)
    },
  })
  const offloads = new Counter({
    name: 'mixmatch_offload_decisions_total',
    help: 'Answers to a front that moves image data itself. no: the request comes through the proxy next.',
    labelNames: ['cloud', 'method', 'answer'],
    registers,
  })
  const faults = new Counter({
    name: 'mixmatch_faults_total',
    help: 'Requests that the proxy answered with a fault of its own, such as a cloud that is down.',
    labelNames: ['cloud', 'fault'],
    registers,
  })
  const lookups = new PlainCounter({
    name: 'mixmatch_token_lookups_total',
    help: 'Questions to the token cache. A miss asks Keystone.',
    labelNames: ['cache', 'result'],
    registers,
  })
  const federatedLogins = new Histogram({
    name: 'mixmatch_federation_duration_seconds',
    help: 'The way to another cloud by Keystone-to-Keystone federation, which precedes a first request.',
    labelNames: ['cloud', 'result'],
    buckets: SECONDS,
    registers,
  })
  const serviceTokens = new Counter({
    name: 'mixmatch_service_tokens_total',
    help: 'What services of the identity provider asked of other clouds. left_out: without a service token, because Mixmatch has none there.',
    labelNames: ['cloud', 'result'],
    registers,
  })
  let openClouds: () => readonly string[] = () => []
  new Gauge({
    name: 'mixmatch_breaker_open',
    help: 'Workers that do not wait for a cloud at the moment, because it has failed time and again.',
    labelNames: ['cloud'],
    registers,
    collect() {
      this.reset()
      for (const cloud of openClouds()) this.set({ cloud }, 1)
    },
  })
  /** The series of the requests to one service of one cloud. */
  const placeOf = byLabel(service =>
    byLabel(cloud => {
      const place = { service, cloud }
      return {
        received: received.series(place),
        sent: sent.series(place),
        methodOf: byLabel(method => ({
          duration: duration.series({ ...place, method }),
          resultOf: byLabel(code =>
            byLabel(reason => requests.series({ ...place, method, code, reason })),
          ),
        })),
      }
    }),
  )
  /** There is none before the first response. */
  const firstByteOf = byLabel(service => byLabel(cloud => firstByte.series({ service, cloud })))
  const lookupOf = byLabel(cache => byLabel(result => lookups.series({ cache, result })))
  return {
    countArrival() {
      inFlight += 1
    },
    countRequest(request) {
      const { service, cloud, method, status, reason, fault, firstByteSeconds, offload } = request
      inFlight -= 1
      if (offload !== null) offloads.inc({ cloud, method, answer: offload })
      const place = placeOf(service)(cloud)
      place.received.value += request.bytesReceived
      place.sent.value += request.bytesSent
      const { duration, resultOf } = place.methodOf(method)
      duration.observe(request.seconds)
      resultOf(String(status))(reason).value += 1
      if (firstByteSeconds !== null) firstByteOf(service)(cloud).observe(firstByteSeconds)
      if (fault !== null) faults.inc({ cloud, fault })
    },
    countLookup(cache, result) {
      lookupOf(cache)(result).value += 1
    },
    countFederation: (cloud, result, ms) => federatedLogins.observe({ cloud, result }, ms / 1000),
    countServiceToken: (cloud, result) => serviceTokens.inc({ cloud, result }),
    watchBreaker(ask) {
      openClouds = ask
    },
    snapshot: () => registry.getMetricsAsJSON(),
  }
}
