import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, including the final zero. */
const LONGEST = 103

/**
 * Where the recorder of a log listens for observations: beside the log, or, where that path is too
 * long for a Unix socket, under the system's temporary folder by a digest of it.
 */
export function recorderSocketPath(logFile: string): string {
  const beside = `${resolve(logFile)}.sock`
  if (Buffer.byteLength(beside) <= LONGEST) return beside
  const digest = createHash('sha256').update(beside).digest('hex').slice(0, 16)
  return join(tmpdir(), `mixmatch-${digest}.sock`)
}
