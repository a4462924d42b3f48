import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { mixmatch } from '../commands/run-command.js'
import { folder } from '../controls.js'
import { openPage } from './chromium.js'

const sample = fileURLToPath(new URL('../../data/sample.ndjson.gz', import.meta.url))

/** Open a report on the sample history in a browser. */
async function reported(t: ExecutionContext, ...args: string[]) {
  const path = folder(t)
  await mixmatch(path, 'log', 'import', sample, '--log', 'events.db')
  const { out } = await mixmatch(path, 'audit', ...args, '--log', 'events.db', '--format', 'html')
  const file = join(path, 'report.html')
  writeFileSync(file, out)
  return openPage(t, file)
}

test('the page of the summary shows the whole sample history within its borders', async t => {
  const page = await reported(t, 'summary')
  t.is(await page.evaluate('document.title'), 'Audit summary')
  t.deepEqual(
    await page.evaluate("[...document.querySelectorAll('figure h2')].map(h => h.textContent)"),
    ['Resources per cloud', 'What the buses said', 'Who gave to whom', 'Whose resources are where'],
  )
  const drawn = async (selector: string) =>
    page.evaluate(`[...document.querySelectorAll('${selector}')].filter(each => {
      const { width, height } = each.getBoundingClientRect()
      return width > 0 && height > 0
    }).length`)
  t.is(await drawn('.line-chart .line'), 3)
  t.true(Number(await drawn('.activity-chart .bar')) > 150)
  t.true(Number(await drawn('.activity-chart .silence')) >= 5)
  t.is(await drawn('.activity-chart .gap'), 1)
  t.is(await drawn('.line-chart .gap'), 1)
  t.true(Number(await drawn('.flow-chart .ribbon')) > 5)
  t.is(await drawn('.heat-map .cell'), 27)

  // The value at the end of each line is the number of present resources of that cloud in the table.
  const ends = await page.evaluate(
    "[...document.querySelectorAll('.line-chart .legend li')].map(each => each.textContent)",
  )
  const live = await page.evaluate(`(() => {
    const counts = {}
    for (const row of document.querySelector('section#resources tbody').rows) {
      counts[row.cells[0].textContent] = (counts[row.cells[0].textContent] ?? 0) + Number(row.cells[3].textContent)
    }
    return Object.entries(counts).map(([cloud, count]) => cloud + ' ' + count)
  })()`)
  t.deepEqual(ends, live)

  // One colour for each cloud, and one time axis, in all charts.
  const colourOf =
    "chart => Object.fromEntries([...chart.querySelectorAll('[class^=c]')].filter(each => each.closest('svg')).map(each => [each.querySelector('title')?.textContent.split(',')[0], getComputedStyle(each).getPropertyValue('--c')]))"
  const inLines = await page.evaluate(`(${colourOf})(document.querySelector('.line-chart'))`)
  const inLanes = await page.evaluate(`(${colourOf})(document.querySelector('.activity-chart'))`)
  t.like(inLanes, Object(inLines))
  const ticks = (chart: string) =>
    page.evaluate(
      `[...document.querySelectorAll('${chart} text.tick')].filter(each => /[a-z]/i.test(each.textContent)).map(each => each.textContent + Math.round(each.getBoundingClientRect().x))`,
    )
  t.deepEqual(await ticks('.line-chart'), await ticks('.activity-chart'))

  // Each number of the verdict leads to its rows.
  t.deepEqual(
    await page.evaluate(`[...document.querySelectorAll('.findings a')].map(each => [
      parseInt(each.textContent), document.querySelector(each.hash).querySelectorAll('tbody tr').length
    ]).filter(([said, rows]) => said !== rows)`),
    [[326, 99]], // resources are counted in groups
  )

  // Nothing extends beyond its chart or the page, and no labels of a chart overlap.
  t.deepEqual(
    await page.evaluate(`[...document.querySelectorAll('svg text')].filter(each => {
      const [box, card] = [each, each.closest('figure')].map(of => of.getBoundingClientRect())
      return box.left < card.left || box.right > card.right || box.bottom > card.bottom
    }).map(each => each.textContent)`),
    [],
  )
  t.true(Boolean(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')))
  t.deepEqual(page.requests, [])
  t.deepEqual(page.complaints, [])
})

test('the page of the placement report shows intervals in the colour of their cloud', async t => {
  const page = await reported(t, 'placement', '--type', 'image')
  t.is(await page.evaluate("document.querySelectorAll('.interval-chart text.lane').length"), 40)
  const colours = await page.evaluate(
    "new Set([...document.querySelectorAll('.interval-chart .span')].map(each => getComputedStyle(each).fill)).size",
  )
  t.is(
    colours,
    await page.evaluate("document.querySelectorAll('.interval-chart .legend li').length"),
  )
  t.deepEqual(page.requests, [])
  t.deepEqual(page.complaints, [])
})

test('a browser that prefers dark colours gets a dark page', async t => {
  const page = await reported(t, 'anomalies')
  const rules = await page.evaluate(
    "[...document.styleSheets[0].cssRules].filter(rule => rule.media?.mediaText.includes('dark')).length",
  )
  t.is(rules, 1)
  t.true(Number(await page.evaluate("document.querySelector('section tbody').rows.length")) >= 5)
})
