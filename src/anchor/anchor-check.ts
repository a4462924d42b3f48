import type { Head, LogReader } from '../log/event-log.js'
import type { History } from '../log/history.js'
import type { Anchor } from './anchor.js'
import { readTimestamp } from './timestamp-response.js'
import { verifyTimestamp } from './timestamp-signature.js'

/**
 * How an anchor compares with a copy of the log.
 *
 * - `holds`: the log has this hash at this position.
 * - `differs`: it has another hash there.
 * - `cut_off`: the log ends before this position.
 * - `archived`: the position is in an archive that was not read.
 * - `wrong_timestamp`: the hash is right, but the time stamp is not a valid one of this hash.
 */
export interface AnchorCheck {
  readonly anchor: Anchor
  readonly result: 'holds' | 'differs' | 'cut_off' | 'archived' | 'wrong_timestamp'
  /** The time in the token of the time-stamping authority, ISO 8601; null without a token. */
  readonly stampedAt: string | null
  /** What is wrong with the time stamp; null if no problem is known. */
  readonly problem: string | null
}

/**
 * Compare anchors with a history whose chain is verified separately.
 *
 * @param authorities PEM file of trusted time-stamping authorities; without it no signature is verified
 * @throws ANCHOR_FAILED if a signature shall be verified and `openssl` cannot be run
 */
export async function checkAnchors(
  history: History,
  anchors: readonly Anchor[],
  authorities?: string,
): Promise<AnchorCheck[]> {
  const checks: AnchorCheck[] = []
  for (const anchor of anchors) {
    const result = compareAnchor(history, anchor)
    const problem = result === 'holds' ? await timestampProblem(anchor, authorities) : null
    checks.push({
      anchor,
      result: problem === null ? result : 'wrong_timestamp',
      stampedAt: anchor.timestamp && (readTimestamp(anchor.timestamp)?.time ?? null),
      problem,
    })
  }
  return checks
}

/**
 * Whether an anchor contradicts the log. An anchor of an archived position does not, because the archive was not
 * read.
 */
export function isContradiction({ result }: AnchorCheck): boolean {
  return result !== 'holds' && result !== 'archived'
}

/** Compare a noted head with a log, without its time stamp. */
export function compareAnchor(
  log: LogReader,
  { position, hash }: Head,
): Exclude<AnchorCheck['result'], 'wrong_timestamp'> {
  const base = log.base()
  if (position > log.head().position) return 'cut_off'
  if (position < base.position) return 'archived'
  const there = position === base.position ? base.hash : log.get(position)?.hash
  return there === hash ? 'holds' : 'differs'
}

async function timestampProblem(
  { hash, timestamp }: Anchor,
  authorities: string | undefined,
): Promise<string | null> {
  if (timestamp === null) return null
  if (readTimestamp(timestamp)?.hash !== hash) return 'the time stamp is of another hash'
  return authorities === undefined ? null : verifyTimestamp(timestamp, hash, authorities)
}
