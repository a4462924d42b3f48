import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { admitAll } from '../../src/http/ops-visitor.js'
import { resourceId } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { mixmatch } from '../commands/run-command.js'
import { folder } from '../controls.js'
import { useBrowser } from './browser.js'
import { consoleOf, requestComplete, serveConsole } from './console-server.js'

const open = useBrowser()
const sample = fileURLToPath(new URL('../../data/sample.ndjson.gz', import.meta.url))
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const clouds = ['default', 'sp1', 'sp2']

const findings = z.array(
  z.object({
    id: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
)

/** The console of the sample history, and the addresses of all its pages. */
async function sampled(t: ExecutionContext) {
  const path = folder(t)
  await mixmatch(path, 'log', 'import', sample, '--log', 'events.db')
  await mixmatch(path, 'views', 'rebuild', '--log', 'events.db')
  const file = join(path, 'events.db')
  using log = openHistory([file])
  const [resource] = [...log.read()].flatMap(
    ({ kind, resource }) => (kind === 'transferred' && resource) || [],
  )
  const held = log.db
    .prepare<[], Buffer>(
      `select resource_id from events group by resource_id having max(kind = 4) = 0
      and resource_type = 1 and max(kind = 1) order by min(position) desc`,
    )
    .pluck()
    .get()
  const project = log.db.prepare('select name from projects').pluck().get()
  const pages = [
    '',
    'events',
    `resource/${resource?.type}/${resource?.id}`,
    `resource/volume/${resourceId(held?.toString('hex') ?? '')}`,
    'event/20',
    `project/${project}`,
    'search?q=a',
    'buses?window=all',
    'conflicts',
    `explain?method=GET&path=/image/v2/images`,
    'requests',
    'audit',
    'nothing',
  ]
  const console = consoleOf(file, clouds)
  // A page loads itself again when the log has been read for it.
  for (const page of pages) await requestComplete(console, `/console/${page}`)
  return { pages, origin: await serveConsole(t, console), file }
}

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any page of the console, wide and narrow, in the ${scheme} scheme`, async t => {
    t.timeout(240_000)
    const { pages, origin } = await sampled(t)
    for (const width of [400, 1280]) {
      const { page } = await open(t, origin, { width, scheme })
      for (const path of pages) {
        await page.goto(`/console/${path}`)
        await page.evaluate(axe)
        await page.evaluate(
          'document.querySelectorAll("details").forEach(each => { each.open = true })',
        )
        const found = findings.parse(
          await page.evaluate(
            'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
          ),
        )
        t.deepEqual(
          found.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]),
          [],
          `${path} at ${width}`,
        )
      }
    }
  })
}

test('no page of the console is wider than the screen, from 400 px to 4K, and no label is cut', async t => {
  t.timeout(240_000)
  const { pages, origin } = await sampled(t)
  for (const width of [400, 1280, 3840]) {
    const { page } = await open(t, origin, { width })
    for (const path of pages) {
      await page.goto(`/console/${path}`)
      t.true(
        Number(await page.evaluate('document.documentElement.scrollWidth')) <= width,
        `${path} at ${width}`,
      )
      const overlapping =
        await page.evaluate(`[...document.querySelectorAll('svg.axis')].flatMap(axis => {
        const boxes = [...axis.querySelectorAll('text')].map(text => text.getBoundingClientRect()).filter(box => box.width > 0)
        return boxes.filter((box, index) => index > 0 && box.left < boxes[index - 1].right)
      }).length`)
      t.is(overlapping, 0, `labels of ${path} at ${width}`)
    }
  }
})

test('each graphic of the console has a name, and each chart has its numbers in a table', async t => {
  const { pages, origin } = await sampled(t)
  const { page } = await open(t, origin)
  for (const path of pages) {
    await page.goto(`/console/${path}`)
    const nameless = 'main svg:not([aria-label]):not([aria-hidden]):not(svg svg)'
    t.is(await page.locator(nameless).count(), 0, path)
    const figures = await page.locator('figure').count()
    const tables = await page.locator('figure table, figure ~ table, .card table').count()
    t.true(tables >= figures, path)
  }
})

test('the tab key visits skip link, search, pages, slider and tables in order, each visibly focused', async t => {
  const { origin } = await sampled(t)
  const { page } = await open(t, origin)
  await page.goto('/console/')
  const walked: string[] = []
  for (let step = 0; step < 16; step += 1) {
    await page.keyboard.press('Tab')
    walked.push(
      String(
        await page.evaluate(
          'document.activeElement.getAttribute("aria-label") ?? document.activeElement.id + document.activeElement.textContent.trim()',
        ),
      ),
    )
    const isVisible = `(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
      const { top, left, width } = document.activeElement.getBoundingClientRect()
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && top >= 0 && left >= 0 && width > 0
    })()`
    t.true(await page.evaluate(isVisible), walked.at(-1))
  }
  t.deepEqual(walked.slice(0, 13), [
    'Skip to the content',
    'Mixmatch',
    'find',
    'Search',
    'Placement',
    'Events',
    'Buses',
    'Conflicts',
    'Explain',
    'Requests',
    'Audit',
    'time',
    'As a table',
  ])
  t.is(walked[13], 'Resources by project and cloud')
  await page.goto('/console/')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  t.is(await page.evaluate('document.activeElement.id'), 'content')
})

test('axe finds nothing on the login of the console', async t => {
  const { file } = await sampled(t)
  const access = { admit: admitAll, logIn: () => Promise.reject(), listProjects: async () => [] }
  const origin = await serveConsole(t, consoleOf(file, clouds, { isOpen: () => false, access }))
  for (const scheme of ['light', 'dark'] as const) {
    const { page } = await open(t, origin, { scheme, width: 400 })
    await page.goto('/console/')
    t.regex(page.url(), /\/console\/login\?next=/)
    await page.evaluate(axe)
    await page.evaluate(
      'document.querySelectorAll("details").forEach(each => { each.open = true })',
    )
    const found = findings.parse(
      await page.evaluate('axe.run().then(({ violations }) => violations)'),
    )
    t.deepEqual(
      found.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]),
      [],
    )
  }
})
