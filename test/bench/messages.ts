import { z } from 'zod'

/** What the benchmark and the processes that it forks say to each other. */

/** To the upstream: the processes to measure from now on; none to stop and report. */
export const watchMessage = z.object({ watch: z.array(z.number()) })
/** From the upstream: CPU microseconds for each request, of one slice of time each. */
export const slicesMessage = z.object({ slices: z.array(z.number()) })

/** To the clients. */
export const loadMessage = z.object({
  port: z.number(),
  connections: z.number(),
  /** The whole request, with its empty line. */
  request: z.string(),
  seconds: z.number(),
})
export type Load = z.infer<typeof loadMessage>

/** From the clients. */
export const loadResult = z.object({
  requests: z.number(),
  /** Responses with another status than 200, and connections that broke. */
  failures: z.number(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
})
export type LoadResult = z.infer<typeof loadResult>

/** To a client that sends or receives one large body. */
export const transferMessage = z.object({
  port: z.number(),
  /** The whole head. */
  head: z.string(),
  /** Bytes to send after the head; 0 for a download. */
  upload: z.number(),
  chunked: z.boolean(),
})
export type Transfer = z.infer<typeof transferMessage>

export const transferResult = z.object({
  status: z.number(),
  /** Of the body that was received. */
  bytes: z.number(),
  seconds: z.number(),
})
export type TransferResult = z.infer<typeof transferResult>

/** To a consumer that stores nothing. */
export const consumeMessage = z.object({ url: z.string(), queue: z.string(), count: z.number() })
/** From it, when it has received all. */
export const consumedMessage = z.object({ seconds: z.number() })
