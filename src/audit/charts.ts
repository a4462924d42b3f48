import type { Activity, Silence } from './activity.js'
import type { Audited } from './audited.js'
import { follows } from './follows.js'
import type { Gap } from './gaps.js'
import type { Course, Flows, Grid, Mark, Strip } from './report.js'

/** Points of a course: more than a screen can tell apart are of no use. */
const POINTS = 240

/** How many resources each cloud held, over the time that was recorded. */
export function resourcesOverTime({ db, since, until }: Audited): Course {
  const [from, end] = [since ?? 0, until ?? 0]
  const width = Math.max(1, (end - from) / (POINTS - 1))
  const steps = db
    .prepare<{ from: number; width: number; last: number }, [string, number, number]>(
      `select sp.name, point, sum(step) from (
        select service_provider, 1 as step, ${pointOf('from_at')} as point from placements
        union all
        select service_provider, -1, ${pointOf('to_at')} from placements where to_at is not null
      ) join service_providers sp on sp.id = service_provider
      group by service_provider, point order by service_provider, point`,
    )
    .raw()
    .all({ from, width, last: POINTS - 1 })
  const lines = new Map<string, number[]>()
  for (const [cloud, point, step] of steps) {
    const values = lines.get(cloud) ?? Array.from({ length: POINTS }, () => 0)
    lines.set(cloud, values)
    for (let later = point; later < POINTS; later += 1) values[later] = (values[later] ?? 0) + step
  }
  return {
    kind: 'course',
    title: 'Resources per cloud',
    note: 'What each cloud held, by its own clock.',
    from,
    until: end,
    lines: [...lines].map(([name, values]) => ({ name, values })),
  }
}

/** A change is seen at the first point after it. */
function pointOf(at: string): string {
  return `max(0, min(:last, cast(ceil((${at} - :from) / :width) as integer)))`
}

/** How many lanes a strip is divided into, from left to right. */
const BARS = 180

/** When each bus spoke, how much, and when it was silent or lost. */
export function activityStrip(
  activity: Activity,
  silences: readonly Silence[],
  gaps: readonly Gap[],
): Strip {
  const { from, until, clouds, pieces } = activity
  return {
    kind: 'strip',
    title: 'What the buses said',
    note: 'Notifications over time. Silences are hatched, gaps that the recorder noted are red.',
    from,
    until,
    lanes: [...clouds].map(([name, heard]) => {
      const counts = Array.from({ length: Math.min(BARS, pieces) }, () => 0)
      for (const piece of heard) {
        const bar = Math.floor((piece.index * counts.length) / pieces)
        counts[bar] = (counts[bar] ?? 0) + piece.heard
      }
      const marks: Mark[] = [
        ...silences
          .filter(({ cloud }) => cloud === name)
          .map(each => ({ ...each, what: 'silence' as const, says: 'nothing was heard' })),
        ...gaps
          .filter(({ cloud }) => cloud === name)
          .map(gap => ({
            from: gap.from ?? gap.until ?? from,
            until: gap.until ?? until,
            what: 'gap' as const,
            says: gap.what,
          })),
      ]
      return { name, counts, marks }
    }),
  }
}

const MOST_FLOWS = 14

/** Which projects gave how many resources to which. */
export function ownershipFlows({ db }: Audited): Flows {
  const flows = db
    .prepare<[number], { from: string; to: string; count: number }>(
      `select ifnull(giver.name, 'no project') as "from", ifnull(taker.name, 'no project') as "to",
        count(*) as count
      from placements p join placements before on ${follows('p', 'before')}
      left join projects giver on giver.id = before.owner
      left join projects taker on taker.id = p.owner
      where before.owner is not null
      group by before.owner, p.owner order by count desc, 1, 2 limit ?`,
    )
    .all(MOST_FLOWS)
  return {
    kind: 'flows',
    title: 'Who gave to whom',
    note: `Changes of the owner, from project to project; the ${MOST_FLOWS} most frequent.`,
    flows,
  }
}

const MOST_PROJECTS = 12

/** How much of each project is where, now. */
export function projectsByCloud({ db }: Audited): Grid {
  const counts = db
    .prepare<[], [string, string, number]>(
      `select ifnull(pr.name, 'no project'), sp.name, count(*)
      from placements p join service_providers sp on sp.id = p.service_provider
      left join projects pr on pr.id = p.owner
      where p.to_at is null group by p.owner, p.service_provider order by sp.id`,
    )
    .raw()
    .all()
  const columns = [...new Set(counts.map(([, cloud]) => cloud))]
  const total = new Map<string, number>()
  for (const [project, , count] of counts) total.set(project, (total.get(project) ?? 0) + count)
  const rows = [...total]
    .sort(([, one], [, other]) => other - one)
    .slice(0, MOST_PROJECTS)
    .map(([project]) => project)
  const at = new Map(counts.map(([project, cloud, count]) => [`${project} ${cloud}`, count]))
  return {
    kind: 'grid',
    title: 'Whose resources are where',
    note: `Live resources by project and cloud; the ${MOST_PROJECTS} projects with most of them.`,
    rows,
    columns,
    counts: rows.map(project => columns.map(cloud => at.get(`${project} ${cloud}`) ?? 0)),
  }
}
