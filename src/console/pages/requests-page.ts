import { type Column, showCloud, showCount, showMeter, showTable } from '../elements.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'
import { QUANTILES, type RequestFigures, summarizeRequests } from '../request-figures.js'

/** `/console/requests`: how many requests went where, why, how they ended and how long they took. */
export async function requestsPage({ metrics, appearance }: PageRequest): Promise<Page> {
  const figures = summarizeRequests(await metrics())
  const total = figures.reduce((sum, { requests }) => sum + requests, 0)
  const cloud: Column<RequestFigures> = {
    name: 'Cloud',
    cell: ({ cloud }) =>
      cloud === 'none' ? html`<span class="cloud none">none</span>` : showCloud(cloud, appearance),
  }
  const share: Column<RequestFigures> = {
    name: 'Share',
    cell: ({ cloud, requests }) =>
      showMeter(
        requests / Math.max(1, total),
        cloud === 'none' ? 'none' : appearance.colourOf(cloud),
      ),
    format: 'secondary',
  }
  const counts = (
    name: string,
    ofCloud: (figures: RequestFigures) => ReadonlyMap<string, number>,
  ): Markup => {
    const words = [...new Set(figures.flatMap(each => [...ofCloud(each).keys()]))].sort()
    return showTable(
      name,
      [
        cloud,
        ...words.map(
          (word): Column<RequestFigures> => ({
            name: word,
            format: 'number',
            cell: each => showCount(ofCloud(each).get(word) ?? 0),
          }),
        ),
      ],
      figures,
      { none: 'No requests yet.' },
    )
  }
  return {
    title: 'Requests',
    content: html`<div class="head" data-refresh="5" data-updates="requests request-count"><h1>Requests</h1><p id="request-count">${showCount(total)} since the start of Mixmatch, from its metrics</p></div>
<div class="grid wide" id="requests">
<section class="card"><h2>By cloud</h2>${showTable(
      'Requests by cloud',
      [
        cloud,
        { name: 'Requests', cell: ({ requests }) => showCount(requests), format: 'number' },
        share,
      ],
      figures,
      { none: 'No requests yet.' },
    )}</section>
<section class="card"><h2>Latency <small>with the bodies, estimated from buckets</small></h2>${showTable(
      'Latency by cloud',
      [
        cloud,
        ...QUANTILES.map(
          (quantile, index): Column<RequestFigures> => ({
            name: `${quantile * 100} %`,
            format: 'number',
            cell: ({ quantiles }) => showSeconds(quantiles[index] ?? null),
          }),
        ),
      ],
      figures,
      { none: 'No requests yet.' },
    )}</section>
<section class="card"><h2>By reason</h2>${counts('Requests by cloud and reason', ({ byReason }) => byReason)}</section>
<section class="card"><h2>By status</h2>${counts('Requests by cloud and status', ({ byStatus }) => byStatus)}</section>
</div>`,
  }
}

function showSeconds(seconds: number | null): string {
  if (seconds === null) return '–'
  if (seconds === Infinity) return '> 300 s'
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
}
