import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import type { Event } from '../event/event.js'
import { parseJson } from '../json.js'

/** Appends events through the recorder, for a process that does not hold the log. */
interface Appender extends Disposable {
  /**
   * Resolves when the events are in the log and in the views. One batch at a time.
   *
   * @throws RECORDER_GONE; then it is unknown whether they were appended
   */
  append(events: readonly Event[]): Promise<void>
}

const confirmation = z.object({ appended: z.int() })

/**
 * Connect to the recorder that listens at a socket.
 *
 * @throws RECORDER_GONE if there is none
 */
export async function openAppender(path: string): Promise<Appender> {
  const socket = createConnection(path)
  try {
    await once(socket, 'connect')
  } catch (cause) {
    throw new MixmatchError(
      'RECORDER_GONE',
      `${path}: no recorder listens there. Start it (mixmatch serve).`,
      { cause },
    )
  }
  socket.on('error', () => {}) // the end of its lines reports the same
  const lines = createInterface({ input: socket }).on('error', () => {})
  const confirmations = lines[Symbol.asyncIterator]()
  let sent = 0
  return {
    async append(events) {
      sent += 1
      socket.write(`${JSON.stringify({ n: sent, events })}\n`)
      const { done, value } = await confirmations.next()
      if (!done && confirmation.parse(parseJson(value)).appended === sent) return
      const message = `${path}: the recorder went away before it had appended what it was given.`
      throw new MixmatchError('RECORDER_GONE', message)
    },
    [Symbol.dispose]() {
      lines.close()
      socket.destroy()
    },
  }
}
