import { MixmatchError } from '../errors.js'
import type { LogReader } from './event-log.js'

/**
 * Reject a log that follows the stream of a fleet. A log that has left the fleet, and has recorded events of its own
 * since then, is not rejected.
 *
 * @param why why the command cannot be used with it, and what to do instead
 * @throws USAGE
 */
export function rejectFleetLog(
  log: Pick<LogReader, 'file' | 'head' | 'followed'>,
  why: string,
): void {
  if (log.followed()?.position !== log.head().position) return
  throw new MixmatchError('USAGE', `${log.file}: is the log of a node in a fleet. ${why}`)
}
