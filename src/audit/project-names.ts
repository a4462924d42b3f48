import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { parseJson } from '../json.js'
import type { Cell, Chart, Report, Section } from './report.js'

/** The names of projects by their ids. */
export type ProjectNames = ReadonlyMap<string, string>

/** `openstack project list -f json` has `ID` and `Name`, Keystone's API has `id` and `name`. */
const named = z
  .union([
    z.object({ ID: z.string(), Name: z.string() }).transform(({ ID, Name }) => [ID, Name] as const),
    z.object({ id: z.string(), name: z.string() }).transform(({ id, name }) => [id, name] as const),
  ])
  .array()

const file = z.union([named, z.object({ projects: named }).transform(({ projects }) => projects)])

/**
 * Read the names of projects from the output of `openstack project list -f json`, or from a response of
 * Keystone. The log itself has only ids.
 *
 * @throws FILE_NOT_READABLE, or USAGE if the file has something else
 */
export function readProjectNames(path: string): ProjectNames {
  const { data } = file.safeParse(parseJson(readText(path)))
  if (data !== undefined) return new Map(data)
  const message = `${path}: expected the output of "openstack project list -f json".`
  throw new MixmatchError('USAGE', message)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MixmatchError('FILE_NOT_READABLE', `${path}: ${reason}`, { cause: error })
  }
}

/** Put the names of projects beside their ids: in texts and charts as `demo (3f…)`, in tables as a column. */
export function addProjectNames(report: Report, names: ProjectNames): Report {
  if (names.size === 0) return report
  const both = (text: string) => text.replace(PROJECT_ID, id => withName(id, names))
  return {
    ...report,
    title: both(report.title),
    verdict: both(report.verdict),
    sections: report.sections.map(section => nameSection(section, names, both)),
    charts: report.charts.map(chart => nameChart(chart, both)),
  }
}

const PROJECT_ID = /\b[0-9a-f]{32}\b/g

function withName(id: string, names: ProjectNames): string {
  const name = names.get(id)
  return name === undefined ? id : `${name} (${id})`
}

/** The columns that have ids of projects, `from` and `to` only where they are no times. */
function projectColumns({ name, columns }: Section): readonly string[] {
  return name === 'transfers' ? ['from', 'to'] : columns.filter(column => column === 'project')
}

function nameSection(
  section: Section,
  names: ProjectNames,
  both: (text: string) => string,
): Section {
  const projects = projectColumns(section)
  const nameOf = (id: Cell | undefined) => (typeof id === 'string' ? (names.get(id) ?? null) : null)
  return {
    ...section,
    title: both(section.title),
    columns: section.columns.flatMap(column =>
      projects.includes(column) ? [column, `${column}_name`] : [column],
    ),
    rows: section.rows.map(row => ({
      ...row,
      ...Object.fromEntries(projects.map(column => [`${column}_name`, nameOf(row[column])])),
    })),
  }
}

function nameChart(chart: Chart, both: (text: string) => string): Chart {
  switch (chart.kind) {
    case 'heat-map':
      return { ...chart, rows: chart.rows.map(both) }
    case 'flow-chart':
      return {
        ...chart,
        flows: chart.flows.map(({ from, to, count }) => ({
          from: both(from),
          to: both(to),
          count,
        })),
      }
    case 'interval-chart':
      return {
        ...chart,
        lanes: chart.lanes.map(({ name, spans }) => ({
          name,
          spans: spans.map(span => ({ ...span, says: both(span.says) })),
        })),
      }
    case 'line-chart':
    case 'activity-chart':
      return chart
    default:
      return chart satisfies never
  }
}
