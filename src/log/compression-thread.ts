import { parentPort, workerData } from 'node:worker_threads'
import { compressPayload } from './compress-payload.js'

// The thread of `createPayloadCompressor`: it answers each list of bodies with their payloads, in order.
const dictionary: Uint8Array = workerData
parentPort?.on('message', (bodies: readonly string[]) => {
  const payloads = bodies.map(body => compressPayload(body, dictionary))
  parentPort?.postMessage(payloads)
})
