import { now } from '../event/time.js'
import type { History } from '../log/history.js'
import { version } from '../version.js'
import { time } from './audit-database.js'
import { anchorSection, type ChainCheck, chainCaveats, describeChain } from './chain-check.js'
import { digestFiles, type FileDigest, hasChanged } from './file-digest.js'
import { formatCount } from './numbers.js'
import type { Caveat, Cell, Report, Section } from './report.js'

/** What a report was made from, and when. */
interface Provenance {
  /** Microseconds. */
  readonly madeAt: number
  readonly digests: readonly FileDigest[]
  /** Null if the chain was not verified. */
  readonly chain: ChainCheck | null
}

/** Digest the files of a history before a report is made. */
export function recordProvenance(history: History, chain: ChainCheck | null): Provenance {
  return { madeAt: now(), digests: digestFiles(filesOf(history)), chain }
}

/**
 * Complete a report with what makes it evidence: when it was made, by which version, from which files,
 * whether the chain was verified, and the conclusion.
 */
export function addProvenance(report: Report, history: History, provenance: Provenance): Report {
  const { madeAt, digests, chain } = provenance
  const caveats = [
    ...report.caveats,
    ...(hasChanged(digests, filesOf(history)) ? [CHANGED] : []),
    ...chainCaveats(chain),
  ]
  const anchors = chain?.anchors ?? []
  const scope: Record<string, Cell> = {
    made_at: time(madeAt),
    version: `mixmatch ${version}`,
    time_zone: 'UTC',
    ...report.scope,
    chain: describeChain(chain),
    noted_head: chain?.noted?.hash ?? null,
  }
  return {
    ...report,
    scope,
    caveats,
    sections: [
      ...report.sections,
      ...(anchors.length > 0 ? [anchorSection(anchors)] : []),
      fileSection(digests),
    ],
    conclusion: conclude(report, scope, caveats),
  }
}

function filesOf({ parts }: History): string[] {
  return parts.map(({ file }) => file)
}

const CHANGED: Caveat = {
  text: 'The log was written while it was read: its SHA-256 is that of the beginning. For a report that can be made again from the same bytes, take a copy first: mixmatch log backup.',
  brief: 'the log was in use, so the SHA-256 of its files is that of a moment',
}

function fileSection(digests: readonly FileDigest[]): Section {
  return {
    name: 'files',
    title: 'Files that were read',
    columns: ['file', 'bytes', 'sha256'],
    rows: digests.map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 })),
  }
}

/** `Nothing of … was at sp1, by 4057 events recorded from … until …; but: …, and ….` */
function conclude(
  { verdict }: Report,
  { events, recorded_from, recorded_until }: Readonly<Record<string, Cell>>,
  caveats: readonly Caveat[],
): string {
  const claim = verdict.replace(/\.$/, '')
  const span =
    typeof recorded_from === 'string' && typeof recorded_until === 'string'
      ? ` recorded from ${toMinute(recorded_from)} until ${toMinute(recorded_until)} UTC`
      : ''
  const basis = `according to ${formatCount(Number(events), 'event')}${span}`
  return `${claim}, ${basis}, with these limits: ${caveats.map(({ brief }) => brief).join('; ')}.`
}

/** `2026-10-12T05:59:58.000000Z` → `2026-10-12 05:59`. */
function toMinute(at: string): string {
  return at.slice(0, 16).replace('T', ' ')
}
