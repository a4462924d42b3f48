import { parentPort, workerData } from 'node:worker_threads'
import { compressPayload } from './compress-payload.js'
import type { CompressedPayloads } from './payload-compressor.js'

// The thread of `createPayloadCompressor`: it answers each list of bodies with their payloads, in order.
const dictionary: Uint8Array = workerData
parentPort?.on('message', (bodies: readonly string[]) => {
  const payloads = bodies.map(body => compressPayload(body, dictionary))
  const ends: number[] = []
  const bytes = new Uint8Array(payloads.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const payload of payloads) {
    bytes.set(payload, end)
    end += payload.length
    ends.push(end)
  }
  parentPort?.postMessage({ bytes, ends } satisfies CompressedPayloads, [bytes.buffer])
})
