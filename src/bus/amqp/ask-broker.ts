import type { Channel, ChannelModel } from 'amqplib'
import { messageOf } from '../bus-status.js'

/** Reply codes of AMQP 0-9-1. */
export const NOT_FOUND = 404
export const PRECONDITION_FAILED = 406

type BrokerAnswer<Value> = { readonly ok: true; readonly value: Value } | Refusal

/** The broker rejects a request. */
export interface Refusal {
  readonly ok: false
  readonly code: number
  readonly message: string
}

/** Send a request to the broker on a separate channel, because an error closes the channel. */
export async function askBroker<Value>(
  model: ChannelModel,
  ask: (channel: Channel) => Promise<Value>,
): Promise<BrokerAnswer<Value>> {
  const channel = await model.createChannel()
  channel.on('error', () => {}) // the request rejects with the same error
  try {
    const value = await ask(channel)
    await channel.close()
    return { ok: true, value }
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    return { ok: false, code, message: messageOf(error) }
  }
}

/** The AMQP reply code of a channel error (4xx); null for any other error. */
function codeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'number' && error.code >= 400 && error.code < 500 ? error.code : null
}
