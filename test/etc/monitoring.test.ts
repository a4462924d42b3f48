import { readFileSync } from 'node:fs'
import test from 'ava'
import { z } from 'zod'
import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { createRecorderMetrics } from '../../src/metrics/recorder-metrics.js'
import { renderMetrics } from '../../src/metrics/snapshot.js'
import { createSupervisorMetrics } from '../../src/metrics/supervisor-metrics.js'

const rules = readFileSync('etc/prometheus/mixmatch.rules.yml', 'utf8')
const documentation = readFileSync('docs/metrics.md', 'utf8')
const runbook = readFileSync('docs/alerts.md', 'utf8')

const dashboard = z
  .object({
    panels: z.array(
      z.object({
        id: z.number(),
        type: z.string(),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('etc/grafana/mixmatch.json', 'utf8')))

/** The names and types of the metrics of all processes. */
async function existingMetrics(): Promise<ReadonlyMap<string, string>> {
  const bus = { cloud: 'a', bus: null, connected: true, missing: 0, waiting: 0, lastMessageAt: 1 }
  const files = { logPosition: 7, logBytes: 8, freeBytes: 1, viewPosition: 7, viewBytes: 9 }
  const parts = [
    createProxyMetrics(),
    createRecorderMetrics(() => ({ buses: [bus], ...files, conflicts: 0, fleet: null })),
    createSupervisorMetrics(),
  ]
  const page = await renderMetrics(await Promise.all(parts.map(part => part.snapshot())))
  return new Map(
    [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  )
}

/** The labels of each metric in the tables of docs/metrics.md. */
function documentedLabels(): ReadonlyMap<string, readonly string[]> {
  const rows = [...documentation.matchAll(/^\| ((?:`mixmatch_\w+`(?:, )?)+) \| ([^|]*)\|/gm)]
  const wordsIn = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, word = '']) => word)
  return new Map(
    rows.flatMap(([, names = '', labels = '']) =>
      wordsIn(names).map(name => [name, wordsIn(labels)] as const),
    ),
  )
}

/** Labels that Prometheus adds, and the one that Node's metrics have. */
const general = ['instance', 'job', 'le', 'process']

/** The metrics in an expression that do not exist, and the labels that no metric of it has. */
function mistakesIn(
  expression: string,
  existing: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, readonly string[]>,
): string[] {
  const named = [...expression.matchAll(/\b(?:mixmatch|process|nodejs)_\w+/g)].map(([name]) => name)
  const metrics = named.map(name => {
    const whole = name.replace(/_(?:bucket|sum|count)$/, '')
    return existing.get(whole) === 'histogram' ? whole : name
  })
  const allowed = [...general, ...metrics.flatMap(name => labels.get(name) ?? [])]
  const matchers = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  )
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inside = '']) =>
    inside.split(/,\s*/),
  )
  return [
    ...metrics.filter(name => !existing.has(name)),
    ...[...matchers, ...grouped].filter(label => !allowed.includes(label)),
  ]
}

test('docs/metrics.md has every metric of Mixmatch, and no other', async t => {
  const existing = [...(await existingMetrics()).keys()].filter(name =>
    name.startsWith('mixmatch_'),
  )
  t.deepEqual([...documentedLabels().keys()].sort(), existing.sort())
})

test('the alerts for Prometheus name only existing metrics, with their labels', async t => {
  const [existing, labels] = [await existingMetrics(), documentedLabels()]
  const expressions = [...rules.matchAll(/^ +expr: (.*)$/gm)].map(
    ([, expression = '']) => expression,
  )
  t.true(expressions.length > 10)
  t.deepEqual(
    expressions.flatMap(each => mistakesIn(each, existing, labels)),
    [],
  )
  t.deepEqual(mistakesIn('mixmatch_nothing{cloud="a"}', existing, labels), [
    'mixmatch_nothing',
    'cloud',
  ])
})

test('each alert links to its section of the runbook, and the runbook has no other sections', t => {
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  const links = [...rules.matchAll(/^ +runbook_url: (\S+)$/gm)].map(([, link]) => link)
  t.deepEqual(
    links,
    alerts.map(name => `docs/alerts.md#${name.toLowerCase()}`),
  )
  const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, name = '']) => name)
  t.deepEqual(sections.sort(), alerts.sort())
})

test('the dashboard for Grafana names only existing metrics, with their labels', async t => {
  const [existing, labels] = [await existingMetrics(), documentedLabels()]
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  t.true(expressions.length > 25)
  t.deepEqual(
    expressions.flatMap(each => mistakesIn(each, existing, labels)),
    [],
  )
})

test('the panels of the dashboard do not overlap, and each has an id of its own', t => {
  const { panels } = dashboard
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = panels.flatMap(({ id, gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => ({
      id,
      place: `${x + (cell % w)} ${y + Math.floor(cell / w)}`,
    })),
  )
  t.is(new Set(cells.map(({ place }) => place)).size, cells.length)
  t.true(panels.every(({ gridPos: { x, w } }) => x + w <= 24))
})
