import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, including the final zero. */
const LONGEST = 103

/**
 * The socket on which the recorder of a log receives observations. It is in the folder of the log. If
 * that path is too long for a Unix socket, it is in the system's temporary folder, named by a digest.
 */
export function recorderSocketPath(logFile: string): string {
  const pathInLogFolder = `${resolve(logFile)}.sock`
  if (Buffer.byteLength(pathInLogFolder) <= LONGEST) return pathInLogFolder
  const digest = createHash('sha256').update(pathInLogFolder).digest('hex').slice(0, 16)
  return join(tmpdir(), `mixmatch-${digest}.sock`)
}
