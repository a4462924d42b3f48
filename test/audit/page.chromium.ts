import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
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

/** In the page: the texts of charts that are cut at an edge. */
const CLIPPED = `[...document.querySelectorAll('svg text')].filter(each => {
  const [box, edge] = [each, each.closest('.drawing')].map(of => of.getBoundingClientRect())
  return box.left < edge.left || box.right > edge.right + 1 || box.bottom > edge.bottom + 1
}).map(each => each.textContent)`

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

  // Nothing extends beyond its chart or the page.
  t.deepEqual(await page.evaluate(CLIPPED), [])
  t.true(Boolean(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')))
  t.deepEqual(page.requests, [])
  t.deepEqual(page.complaints, [])
})

test('the page of the placement report shows intervals in the colour of their cloud', async t => {
  const page = await reported(t, 'placement', '--type', 'image')
  t.is(await page.evaluate("document.querySelectorAll('.interval-chart text.lane').length"), 40)
  t.deepEqual(await page.evaluate(CLIPPED), [])
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
  t.is(rules, 2)
  t.true(Number(await page.evaluate("document.querySelector('section tbody').rows.length")) >= 5)
})

/** In the page: the texts whose contrast with what is behind them is below 4.5, with their contrast. */
const LOW_CONTRAST = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const over = (...layers) => { // from the back to the front
    canvas.clearRect(0, 0, 1, 1)
    for (const [colour, opacity] of layers) {
      canvas.globalAlpha = opacity
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const luminance = rgb => {
    const [r, g, b] = rgb.map(each => each / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const isText = each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '')
  const low = []
  for (const each of document.querySelectorAll('main *')) {
    if (!isText(each) || each.closest('title')) continue
    const behind = []
    for (let at = each; at; at = at.parentElement) behind.unshift([getComputedStyle(at).backgroundColor, 1])
    const cell = each.ownerSVGElement && each.previousElementSibling
    if (cell?.classList.contains('cell')) {
      behind.push([getComputedStyle(cell).fill, Number(getComputedStyle(cell).fillOpacity)])
    }
    const { fill, color } = getComputedStyle(each)
    const paper = over(...behind)
    const ink = over(...behind, [each.ownerSVGElement ? fill : color, 1])
    const [dark, light] = [luminance(paper), luminance(ink)].sort((one, other) => one - other)
    const contrast = (light + 0.05) / (dark + 0.05)
    if (contrast < 4.5) low.push(each.textContent.slice(0, 30) + ' ' + contrast.toFixed(2))
  }
  return [...new Set(low)]
})()`

for (const scheme of ['light', 'dark'] as const) {
  test(`all text of the pages has a contrast of at least 4.5 to 1 in ${scheme} colours`, async t => {
    for (const report of ['summary', 'placement', 'anomalies', 'drift', 'verify']) {
      const page = await reported(t, report)
      await page.emulate({ scheme })
      t.deepEqual(await page.evaluate(LOW_CONTRAST), [], report)
      await page.evaluate("document.querySelector('.verdict').style.color = '#777777'")
      t.is(Object(await page.evaluate(LOW_CONTRAST)).length, 1, 'the check finds grey text')
    }
  })
}

test('a narrow page scrolls its charts and tables sideways by the keyboard, and nothing else', async t => {
  const page = await reported(t, 'summary')
  await page.emulate({ width: 400 })
  t.true(Boolean(await page.evaluate('document.documentElement.scrollWidth <= 400')))
  t.deepEqual(
    await page.evaluate(`[...document.querySelectorAll('main *')]
      .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === 'auto')
      .filter(each => each.tabIndex !== 0 || !each.getAttribute('aria-label')).map(each => each.className)`),
    [],
  )
})

test('every graphic has a name, every table has heads, and the numbers of a chart open by the keyboard', async t => {
  const page = await reported(t, 'summary')
  t.deepEqual(
    await page.evaluate(
      "[...document.querySelectorAll('svg')].filter(each => each.getAttribute('role') !== 'img' || !each.getAttribute('aria-label')).length",
    ),
    0,
  )
  t.is(await page.evaluate("document.querySelectorAll('th:not([scope])').length"), 0)
  t.is(await page.evaluate("document.querySelectorAll('figure details > summary').length"), 3)
})

test('a printed page has all columns on the paper', async t => {
  for (const report of ['summary', 'placement', 'anomalies']) {
    const page = await reported(t, report)
    await page.emulate({ width: 1032, media: 'print' }) // A4 landscape without its margins
    t.deepEqual(
      await page.evaluate(`[...document.querySelectorAll('th, td, svg')]
        .filter(each => each.getBoundingClientRect().right > 1032).map(each => each.textContent)`),
      [],
      report,
    )
  }
})

for (const scheme of ['light', 'dark'] as const) {
  test(`axe-core finds no problem on the pages of reports in ${scheme} colours`, async t => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    for (const report of ['summary', 'placement', 'anomalies', 'drift', 'verify']) {
      const page = await reported(t, report)
      await page.emulate({ scheme })
      await page.evaluate(axe)
      const violations = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`
      t.deepEqual(await page.evaluate(violations), [], report)
    }
  })
}

/** In the page: the contrast of each cloud's colour with the card behind it, where it is below 3. */
const PALE_COLOURS = `(() => {
  const luminance = colour => {
    const [r, g, b] = colour.match(/\\d+/g).map(Number).map(each => each / 255)
      .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const figure = document.querySelector('figure')
  return ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].filter(name => {
    const swatch = figure.appendChild(document.createElement('div'))
    swatch.className = 'legend'
    swatch.innerHTML = '<i class="' + name + '"></i>'
    const colours = [getComputedStyle(swatch.firstChild), getComputedStyle(figure)].map(each => luminance(each.backgroundColor))
    const [dark, light] = colours.sort((one, other) => one - other)
    return (light + 0.05) / (dark + 0.05) < 3
  })
})()`

for (const scheme of ['light', 'dark'] as const) {
  test(`the colours of all clouds have a contrast of at least 3 to 1 in ${scheme} colours`, async t => {
    const page = await reported(t, 'summary')
    await page.emulate({ scheme })
    t.deepEqual(await page.evaluate(PALE_COLOURS), [])
  })
}
