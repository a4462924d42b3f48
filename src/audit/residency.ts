import { activityOf, silencesIn } from './activity.js'
import { type Audited, caveatsOf, scopeOf, time, unheardOf } from './audited.js'
import { gapsIn } from './gaps.js'
import { notesIn } from './notes.js'
import { counted } from './numbers.js'
import type { Cells, Report } from './report.js'
import { gapSection, silenceSection } from './summary.js'
import { anyOf, spansOf, turnCells, turnColumns, turnsWhere } from './turn-rows.js'

/** Whether anything of some projects was ever where it must not be. */
export interface ResidencyQuestion {
  readonly projects: readonly string[]
  readonly notAt: readonly string[]
  /** By the clocks of the clouds, microseconds; null for as far as the history goes. */
  readonly from: number | null
  readonly until: number | null
  /** How long a silence of one of these clouds is worth a warning, microseconds. */
  readonly silence: number
}

/**
 * Every time in which a cloud that is named held something of a project that is named, with the
 * events that prove it. A clean answer is as good as what was heard: gaps and silences of those
 * clouds are part of it.
 *
 * @returns the report, and whether anything was found
 */
export function residencyOf(
  audited: Audited,
  question: ResidencyQuestion,
): { report: Report; breached: boolean } {
  const turns = turnsWhere(
    audited,
    `pr.name in ${anyOf('projects')} and sp.name in ${anyOf('clouds')}
      and (:until is null or p.from_at <= :until) and (:from is null or ifnull(p.to_at >= :from, true))`,
    {
      projects: JSON.stringify(question.projects),
      clouds: JSON.stringify(question.notAt),
      from: question.from,
      until: question.until,
    },
  )
  const asked = (each: { cloud: string }) => question.notAt.includes(each.cloud)
  const activity = activityOf(audited, question.silence)
  const silences = silencesIn(activity, question.silence).filter(asked)
  const gaps = gapsIn(notesIn(audited, activity)).filter(asked)
  const whose = question.projects.join(', ')
  const where = question.notAt.join(', ')
  const proof = proving(audited)
  const breached = turns.length > 0
  return {
    breached,
    report: {
      title: `Residency of ${whose}`,
      verdict: breached
        ? `${counted(turns.length, 'time')} something of ${whose} was at ${where}.`
        : `Nothing of ${whose} is known to have been at ${where}${period(question)}.`,
      scope: scopeOf(audited),
      caveats: [
        ...caveatsOf(audited),
        ...unheardOf(audited, { clouds: question.notAt, projects: question.projects }),
        ...(silences.length + gaps.length > 0
          ? [
              `${where}: ${counted(gaps.length, 'gap')} and ${counted(silences.length, 'silence')} ` +
                'in the record, in which ' +
                'something may have been there unheard.',
            ]
          : []),
      ],
      sections: [
        {
          name: 'evidence',
          title: `What of ${whose} was at ${where}`,
          columns: [...turnColumns, 'from_event', 'from_hash', 'to_event'],
          rows: turns.map(turn => ({ ...turnCells(turn), ...proof(turn) })),
        },
        gapSection(gaps),
        silenceSection(silences),
      ],
      charts: breached ? [spansOf(audited, 'When it was there', turns)] : [],
    },
  }
}

function period({ from, until }: ResidencyQuestion): string {
  return `${from === null ? '' : ` from ${time(from)}`}${until === null ? '' : ` until ${time(until)}`}`
}

/** Which events began and ended a turn. Their bodies are not read for it: there may be many. */
function proving({ history }: Audited): (turn: Bounds) => Cells {
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
