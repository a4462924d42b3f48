import type { Anchor } from '../anchor/anchor.js'
import { type AnchorCheck, checkAnchors, isContradiction } from '../anchor/anchor-check.js'
import type { Position } from '../ids.js'
import type { Head } from '../log/event-log.js'
import type { History } from '../log/history.js'
import { type Breach, verifyTogether } from '../log/verify.js'
import { formatCount } from './numbers.js'
import type { Caveat, Cells, Section } from './report.js'

/** What a history is verified against. */
export interface NotedHeads {
  /** The hash of a head that was noted earlier, 64 hex digits. */
  readonly head?: string | undefined
  readonly anchors?: readonly Anchor[]
  /** PEM file of the time-stamping authorities that are trusted; without it no signature is verified. */
  readonly tsaCa?: string | undefined
}

/** The result of verifying a history. */
export interface ChainCheck {
  readonly events: number
  /** The last event that was verified. A recorder may append more meanwhile. */
  readonly head: Head
  readonly breaches: readonly Breach[]
  /** The head that was given, and its position; the position is null if it is not in the history. */
  readonly noted: { readonly hash: string; readonly position: Position | null } | null
  readonly anchors: readonly AnchorCheck[]
  readonly holds: boolean
}

/**
 * Verify the hash chain of every file, and that the noted heads are in it.
 *
 * @param progress called from time to time with the approximate number of verified events
 * @throws ANCHOR_FAILED if signatures shall be verified and `openssl` cannot be run
 */
export async function checkChain(
  history: History,
  { head, anchors = [], tsaCa }: NotedHeads,
  progress: (events: number) => void,
): Promise<ChainCheck> {
  const verdict = await verifyTogether(history, { noted: head, progress })
  const { events, breaches } = verdict
  const checked = await checkAnchors(history, anchors, tsaCa)
  return {
    events,
    head: verdict.head,
    breaches,
    noted: head === undefined ? null : { hash: head, position: positionOf(history, head) },
    anchors: checked,
    holds: breaches.length === 0 && !checked.some(isContradiction),
  }
}

function positionOf(history: History, hash: string): Position | null {
  const base = history.base()
  if (hash === base.hash) return base.position
  for (const { db } of history.parts) {
    const found = db
      .prepare<[Buffer], Position>('select position from main.payloads where hash = ?')
      .pluck()
      .get(Buffer.from(hash, 'hex'))
    if (found !== undefined) return found
  }
  return null
}

/** The newest position that a noted head proves; null if none does. */
function provenUpTo({ noted, anchors }: ChainCheck): number | null {
  const proven = [
    noted?.position ?? null,
    ...anchors.filter(({ result }) => result === 'holds').map(({ anchor }) => anchor.position),
  ].filter(position => position !== null)
  return proven.length === 0 ? null : Math.max(...proven)
}

/** `verified, contains all 12 anchors`: the line `chain` of a report. */
export function describeChain(check: ChainCheck | null): string {
  if (check === null) return 'not verified'
  if (!check.holds) return 'verified: it does not hold'
  const { noted, anchors } = check
  const against = [
    ...(noted === null ? [] : [`contains the noted head at position ${noted.position}`]),
    ...(anchors.length === 0 ? [] : [describeAnchors(anchors)]),
  ]
  return ['verified: it holds', ...(against.length > 0 ? against : ['no noted head given'])].join(
    ', ',
  )
}

function describeAnchors(anchors: readonly AnchorCheck[]): string {
  const archived = anchors.filter(({ result }) => result === 'archived').length
  const rest = archived === 0 ? '' : `, and ${archived} are of archives that were not read`
  return `contains ${formatCount(anchors.length - archived, 'anchor')}${rest}`
}

/** What the state of the chain means for readers of the report. */
export function chainCaveats(check: ChainCheck | null): Caveat[] {
  if (check === null) {
    return [
      {
        text: 'The chain of hashes was not verified: events may have been changed since they were recorded. --verify does it.',
        brief: 'the chain of hashes was not verified',
      },
    ]
  }
  if (!check.holds) {
    return [
      {
        text: 'The chain of hashes does not hold: this is not the log as it was recorded. Compare it with another copy.',
        brief: 'the chain of hashes DOES NOT HOLD',
      },
    ]
  }
  const proven = provenUpTo(check)
  if (proven === null) {
    return [
      {
        text: 'The chain holds, but it was compared with no noted head: a copy whose end was cut off, or that was written again as a whole, looks the same. --head and --anchors compare it.',
        brief: 'without a noted head, an end that was cut off cannot be seen',
      },
    ]
  }
  return [
    {
      text:
        proven < check.head.position
          ? `The noted heads prove the events up to position ${proven}. Events after the end of this copy, if there were any, cannot be seen.`
          : 'The noted heads prove all events of this copy. Later events, if there were any, cannot be seen.',
      brief: `noted heads prove it up to position ${proven} only`,
    },
  ]
}

const meaning: Readonly<Record<AnchorCheck['result'], string>> = {
  holds: 'the log has this hash there',
  differs: 'the log has another hash there',
  cut_off: 'the log ends before it',
  archived: 'in an archive that was not read',
  wrong_timestamp: 'the time stamp is not valid for this hash',
}

/** The section `anchors`. */
export function anchorSection(anchors: readonly AnchorCheck[]): Section {
  return {
    name: 'anchors',
    title: 'Anchors: heads that were noted outside of the log',
    note: 'Stamped is the time that a time-stamping authority signed.',
    columns: ['position', 'result', 'says', 'anchored_at', 'version', 'stamped', 'hash'],
    rows: anchors.map(
      ({ anchor, result, stampedAt, problem }): Cells => ({
        position: anchor.position,
        result,
        says: problem ?? meaning[result],
        anchored_at: anchor.anchoredAt,
        version: anchor.version,
        stamped: stampedAt,
        hash: anchor.hash,
      }),
    ),
  }
}
