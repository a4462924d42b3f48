import type { Answers } from '../../api/queries.js'
import { parseTime } from '../../event/time.js'
import { askComplete, stillCounting } from '../ask-complete.js'
import { drawCountLanes } from '../charts/count-lanes.js'
import { showCount, showTable, showTime } from '../elements.js'
import { showHoldings, showTransfers } from '../holdings-tables.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'
import { readSlider, showSlider } from '../time-slider.js'

type History = NonNullable<Answers['holdingsHistory']['history']>

/**
 * `/console/`: what each cloud holds, by project and type, now and at any earlier moment; and the transfers between
 * projects.
 */
export async function placementPage(request: PageRequest): Promise<Page> {
  const { ask, query, appearance } = request
  const { history: now } = await askComplete(() => ask('holdingsHistory', {}))
  if (now === null) return stillCounting('What each cloud holds')
  const slider = readSlider(query, { from: at(now.from), until: at(now.until) })
  const { history: then } = slider.isNow
    ? { history: now }
    : await ask('holdingsHistory', slider.point)
  const found = then ?? now
  const shown = { ...found, clouds: found.clouds.toSorted(appearance.byCloud) }
  return {
    title: 'Placement',
    content: html`<div class="head" data-refresh="5" data-updates="counts placement transfers counted"><h1>What each cloud holds</h1>
<p id="counted">as of event ${showCount(shown.position)}, by the clocks of the clouds</p></div>
<section class="card">${showSlider(slider, 'counts placement', 'Placement at')}
<figure id="counts">${drawLanes(shown, request)}</figure></section>
<div class="grid" id="placement">${showHoldings(shown, holdingsOf(shown), appearance)}</div>
<section class="card" id="transfers"><h2>Who gave to whom</h2>${showTransfers(shown.transfers, appearance)}</section>`,
  }
}

/** What each cloud held at the moment of a history. */
function holdingsOf(history: History) {
  const [from, until, moment] = [at(history.from), at(history.until), at(history.at)]
  const step = Math.round((stepsOf(history) * (moment - from)) / Math.max(1, until - from))
  return history.clouds.map(({ service_provider, resources }) => ({
    service_provider,
    resources: resources[step] ?? 0,
  }))
}

function stepsOf({ clouds }: History): number {
  return (clouds[0]?.resources.length ?? 1) - 1
}

function drawLanes(history: History, { appearance }: PageRequest): Markup {
  const span = { from: at(history.from), until: at(history.until) }
  const held = holdingsOf(history)
  const lanes = history.clouds.map(({ service_provider, resources }, index) => ({
    cloud: service_provider,
    counts: resources,
    now: held[index]?.resources ?? 0,
  }))
  return html`${drawCountLanes({ span, at: at(history.at), lanes }, appearance)}${showNumbers(history, stepsOf(history))}`
}

const ROWS = 12

/** The numbers of the chart at some moments. */
function showNumbers({ from, until, clouds }: History, steps: number): Markup {
  const moments = Array.from({ length: ROWS + 1 }, (_, row) => Math.round((steps * row) / ROWS))
  const timeOf = (step: number) =>
    new Date((at(from) + ((at(until) - at(from)) * step) / Math.max(1, steps)) / 1000).toISOString()
  return html`<details><summary>As a table</summary>${showTable(
    'Resources of each cloud over time',
    [
      { name: 'At', cell: (step: number) => showTime(timeOf(step)) },
      ...clouds.map(({ service_provider, resources }) => ({
        name: service_provider,
        cell: (step: number) => showCount(resources[step] ?? 0),
        format: 'number' as const,
      })),
    ],
    moments,
  )}</details>`
}

function at(time: string): number {
  return parseTime(time) ?? 0
}
