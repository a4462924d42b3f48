import type { Activity, Silence } from './activity.js'
import type { AuditDatabase } from './audit-database.js'
import type { Gap } from './gaps.js'
import { succeeds } from './placement-rows.js'
import type { ActivityChart, FlowChart, HeatMap, LineChart, Mark } from './report.js'

/** The points of a line. A screen cannot show more. */
const POINTS = 240

/** How many resources each cloud held over the recorded time. */
export function chartResources({ db, since, until }: AuditDatabase): LineChart {
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
    kind: 'line-chart',
    title: 'Resources per cloud',
    note: 'What each cloud held, by its own clock.',
    from,
    until: end,
    lines: [...lines].map(([name, values]) => ({ name, values })),
  }
}

/** SQL: the first point after a change. */
function pointOf(at: string): string {
  return `max(0, min(:last, cast(ceil((${at} - :from) / :width) as integer)))`
}

/** How many bars a lane has. */
const BARS = 180

/** The number of notifications of each bus over time, with its silences and gaps. */
export function chartActivity(
  activity: Activity,
  silences: readonly Silence[],
  gaps: readonly Gap[],
): ActivityChart {
  const { from, until, clouds, slices } = activity
  return {
    kind: 'activity-chart',
    title: 'What the buses said',
    note: 'Notifications over time. Silences are hatched, gaps that the recorder noted are red.',
    from,
    until,
    lanes: [...clouds].map(([name, heard]) => {
      const counts = Array.from({ length: Math.min(BARS, slices) }, () => 0)
      for (const slice of heard) {
        const bar = Math.floor((slice.index * counts.length) / slices)
        counts[bar] = (counts[bar] ?? 0) + slice.heard
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

/** How many resources were transferred between each two projects. */
export function chartOwnership({ db }: AuditDatabase): FlowChart {
  const flows = db
    .prepare<[number], { from: string; to: string; count: number }>(
      `select ifnull(giver.name, 'no project') as "from", ifnull(taker.name, 'no project') as "to",
        count(*) as count
      from placements p join placements before on ${succeeds('p', 'before')}
      left join projects giver on giver.id = before.owner
      left join projects taker on taker.id = p.owner
      where before.owner is not null
      group by before.owner, p.owner order by count desc, 1, 2 limit ?`,
    )
    .all(MOST_FLOWS)
  return {
    kind: 'flow-chart',
    title: 'Who gave to whom',
    note: `Changes of the owner, from project to project; the ${MOST_FLOWS} most frequent.`,
    flows,
  }
}

const MOST_PROJECTS = 12

/** How many resources each project has now in each cloud. */
export function chartProjects({ db }: AuditDatabase): HeatMap {
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
    kind: 'heat-map',
    title: 'Whose resources are where',
    note: `Live resources by project and cloud; the ${MOST_PROJECTS} projects with most of them.`,
    rows,
    columns,
    counts: rows.map(project => columns.map(cloud => at.get(`${project} ${cloud}`) ?? 0)),
  }
}
