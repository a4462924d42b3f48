import {
  type AuditDatabase,
  describeScope,
  findUnheardClouds,
  listCaveats,
  listClouds,
  time,
} from './audit-database.js'
import { gapSection, silenceSection } from './gap-sections.js'
import { interruptionCaveats, interruptionFindings, readInterruptions } from './interruptions.js'
import { formatCount } from './numbers.js'
import {
  anyValueOf,
  chartPlacements,
  placementCells,
  placementColumns,
  selectPlacements,
} from './placement-rows.js'
import type { Cells, Report } from './report.js'
import { createNameFinder } from './resource-names.js'

/** Whether these projects ever had resources at clouds where they must not be. */
interface ResidencyQuestion {
  readonly projects: readonly string[]
  readonly notAt: readonly string[]
  /** By the clocks of the clouds, microseconds; null for no limit. */
  readonly from: number | null
  readonly until: number | null
  /** The longest silence of one of these clouds without a warning, microseconds. */
  readonly silence: number
}

/**
 * Report all placements of the projects at these clouds, with the events that prove them. An empty report
 * proves only as much as the recording. So the report also has the gaps and silences of these clouds.
 *
 * @returns the report, and whether anything was found
 */
export function reportResidency(
  database: AuditDatabase,
  question: ResidencyQuestion,
): { report: Report; found: boolean } {
  const placements = selectPlacements(
    database,
    `pr.name in ${anyValueOf('projects')} and sp.name in ${anyValueOf('clouds')}
      and (:until is null or p.from_at <= :until) and (:from is null or ifnull(p.to_at >= :from, true))`,
    {
      projects: JSON.stringify(question.projects),
      clouds: JSON.stringify(question.notAt),
      from: question.from,
      until: question.until,
    },
  )
  const interruptions = readInterruptions(database, question.silence, question.notAt)
  const projects = question.projects.join(', ')
  const where = question.notAt.join(', ')
  const findName = createNameFinder(database)
  const findEvidence = createEvidenceFinder(database)
  const breached = placements.length > 0
  return {
    found: breached,
    report: {
      title: `Residency of ${projects}`,
      verdict: breached
        ? `${formatCount(placements.length, 'time')} something of ${projects} was at ${where}${describePeriod(question)}.`
        : `Nothing of ${projects} is known to have been at ${where}${describePeriod(question)}.`,
      findings: [
        {
          says: formatCount(placements.length, 'time'),
          section: 'evidence',
          isAlarming: breached,
        },
        ...interruptionFindings(interruptions),
      ],
      scope: {
        ...describeScope(database),
        projects,
        not_at: where,
        from: time(question.from),
        until: time(question.until),
      },
      caveats: [
        ...listCaveats(database),
        ...findUnheardClouds(database, question.notAt),
        ...interruptionCaveats(interruptions),
      ],
      clouds: listClouds(database),
      sections: [
        {
          name: 'evidence',
          title: `What of ${projects} was at ${where}`,
          columns: [...placementColumns, 'from_event', 'from_hash', 'to_event'],
          rows: placements.map(placement => ({
            ...placementCells(placement, findName(placement.from_position)),
            ...findEvidence(placement),
          })),
        },
        gapSection(interruptions.gaps),
        silenceSection(interruptions.silences),
      ],
      charts: breached
        ? [
            chartPlacements(
              { title: 'When it was there', section: 'evidence' },
              placements,
              interruptions,
            ),
          ]
        : [],
    },
  }
}

function describePeriod({ from, until }: ResidencyQuestion): string {
  return `${from === null ? '' : ` from ${time(from)}`}${until === null ? '' : ` until ${time(until)}`}`
}

/** Finds the events that began and ended a placement, without their bodies: there may be many. */
function createEvidenceFinder({ history }: AuditDatabase): (placement: Bounds) => Cells {
  const events = history.parts.map(({ db }) =>
    db.prepare<[number], { type: string; hash: Buffer }>(
      `select t.name as type, p.hash from main.events e
      join event_types t on t.id = e.event_type join payloads p using (position)
      where e.position = ?`,
    ),
  )
  const event = (at: number | null) => {
    for (const find of events) {
      const found = at === null ? undefined : find.get(at)
      if (found) return found
    }
    return undefined
  }
  return ({ from_position, to_position }) => {
    const begun = event(from_position)
    return {
      from_event: begun?.type ?? null,
      from_hash: begun?.hash.toString('hex') ?? null,
      to_event: event(to_position)?.type ?? null,
    }
  }
}

interface Bounds {
  readonly from_position: number
  readonly to_position: number | null
}
