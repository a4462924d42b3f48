import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { errorCodeOf } from '../error-code.js'
import { MixmatchError } from '../errors.js'

/** Only user and group may connect. */
const OTHERS = 0o117

/**
 * Listen on a Unix socket. A file that an earlier process left behind is replaced.
 *
 * @throws CANNOT_LISTEN
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (await isInUse(path)) throw refused(path, 'another process listens there')
  const mask = process.umask(OTHERS) // the file has its mode from the beginning
  try {
    const listening = once(server, 'listening')
    server.listen(path)
    await listening
  } catch (cause) {
    throw refused(path, cause instanceof Error ? cause.message : String(cause), cause)
  } finally {
    process.umask(mask)
  }
}

/** Whether a process listens on a socket. The file of one that has ended is removed. */
async function isInUse(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    if (errorCodeOf(error) === 'ECONNREFUSED') rmSync(path)
    return false
  } finally {
    socket.destroy()
  }
}

function refused(path: string, why: string, cause?: unknown): MixmatchError {
  const message = `${path}: ${why}. Set another [ops] socket, in a folder that this user may write to.`
  return new MixmatchError('CANNOT_LISTEN', message, { cause })
}
