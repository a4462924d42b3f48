import type { AuditDatabase } from './audit-database.js'
import { type Interruptions, interruptionMarks } from './interruptions.js'
import { succeeds } from './placement-rows.js'
import type { ActivityChart, FlowChart, HeatMap, LineChart } from './report.js'

/** The points of a line. A screen cannot show more. */
const POINTS = 240

/** How many resources each cloud held over the recorded time. */
export function chartResources(
  { db, since, until }: AuditDatabase,
  interruptions: Interruptions,
): LineChart {
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
    note: 'What each cloud held, by its own clock. Behind it are the silences (hatched) and gaps (red) of its bus, in which the line may be wrong.',
    section: 'resources',
    from,
    until: end,
    lines: [...lines].map(([name, values]) => ({ name, values })),
    marks: interruptionMarks(interruptions),
  }
}

/** SQL: the first point after a change. */
function pointOf(at: string): string {
  return `max(0, min(:last, cast(ceil((${at} - :from) / :width) as integer)))`
}

/** How many bars a lane has. */
const BARS = 180

/** The number of notifications of each bus over time, with its silences and gaps. */
export function chartActivity(interruptions: Interruptions): ActivityChart {
  const { from, until, clouds, slices } = interruptions.activity
  return {
    kind: 'activity-chart',
    title: 'What the buses said',
    note: 'Notifications over time. Silences are hatched, gaps that the recorder noted are red.',
    section: 'clouds',
    from,
    until,
    unit: 'notifications',
    lanes: [...clouds].map(([name, heard]) => {
      const counts = Array.from({ length: Math.min(BARS, slices) }, () => 0)
      for (const slice of heard) {
        const bar = Math.floor((slice.index * counts.length) / slices)
        counts[bar] = (counts[bar] ?? 0) + slice.heard
      }
      return { name, counts }
    }),
    marks: interruptionMarks(interruptions),
  }
}

/** How many resources went from a project to another one. */
interface Transfers {
  readonly from: string
  readonly to: string
  readonly count: number
}

/** Changes of the owner by giver and receiver, the most frequent first. */
export function readTransfers({ db }: AuditDatabase): Transfers[] {
  return db
    .prepare<[], Transfers>(
      `select ifnull(giver.name, 'no project') as "from", ifnull(taker.name, 'no project') as "to",
        count(*) as count
      from placements p join placements before on ${succeeds('p', 'before')}
      left join projects giver on giver.id = before.owner
      left join projects taker on taker.id = p.owner
      where before.owner is not null
      group by before.owner, p.owner order by count desc, 1, 2`,
    )
    .all()
}

const MOST_FLOWS = 14

/** A chart of the most frequent changes of the owner. */
export function chartTransfers(transfers: readonly Transfers[]): FlowChart {
  const flows = transfers.slice(0, MOST_FLOWS)
  return {
    kind: 'flow-chart',
    title: 'Who gave to whom',
    note: `Changes of the owner, from project to project: ${shownOf(flows.length, transfers.length, 'pair of projects', 'pairs of projects')}.`,
    section: 'transfers',
    flows,
  }
}

const MOST_PROJECTS = 12

/** A number of resources of a project at a cloud. */
export interface ProjectCount {
  readonly project: string | null
  readonly cloud: string
  readonly count: number
}

/** How many resources each project has now in each cloud, in the order of the clouds. */
export function countByProject({ db }: AuditDatabase): ProjectCount[] {
  return db
    .prepare<[], ProjectCount>(
      `select pr.name as project, sp.name as cloud, count(*) as count
      from placements p join service_providers sp on sp.id = p.service_provider
      left join projects pr on pr.id = p.owner
      where p.to_at is null group by p.owner, p.service_provider order by sp.id`,
    )
    .all()
}

/** @param section the section with the rows that are counted */
export function chartProjects(counted: readonly ProjectCount[], section: string): HeatMap {
  const counts = counted.map(each => ({ ...each, project: each.project ?? 'no project' }))
  const columns = [...new Set(counts.map(({ cloud }) => cloud))]
  const total = new Map<string, number>()
  for (const { project, count } of counts) total.set(project, (total.get(project) ?? 0) + count)
  const rows = [...total]
    .sort(([, one], [, other]) => other - one)
    .slice(0, MOST_PROJECTS)
    .map(([project]) => project)
  const at = new Map(counts.map(({ project, cloud, count }) => [`${project} ${cloud}`, count]))
  return {
    kind: 'heat-map',
    title: 'Whose resources are where',
    note: `Resources by project and cloud: ${shownOf(rows.length, total.size, 'project')}.`,
    section,
    rows,
    columns,
    counts: rows.map(project => columns.map(cloud => at.get(`${project} ${cloud}`) ?? 0)),
  }
}

/** `all 9 projects`; `12 of 31 projects, those with most`. */
function shownOf(shown: number, all: number, one: string, several = `${one}s`): string {
  if (shown < all) return `${shown} of ${all} ${several}, those with most; the table has all`
  return all === 1 ? `one ${one}` : `all ${all} ${several}`
}
