import type { Answers } from '../../api/queries.js'
import { parseTime } from '../../event/time.js'
import { askComplete, COUNTING } from '../ask-complete.js'
import { type BusLane, drawBusLanes } from '../charts/bus-lanes.js'
import { type CloudState, showCloudStates } from '../cloud-states.js'
import { showCloud, showCount, showEvent, showTable, showTime } from '../elements.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

type Activity = Answers['activity']

/** The windows of the page: `since` of the API, and the shortest silence that is marked. */
const windows = {
  hour: { name: 'the last hour', since: '-1h', silence_hours: '1' },
  day: { name: 'the last day', since: '-1d', silence_hours: '1' },
  week: { name: 'the last week', since: '-1w', silence_hours: '6' },
  all: { name: 'all recorded time', since: '1970-01-01', silence_hours: '24' },
}

function isWindow(text: string): text is keyof typeof windows {
  return text in windows
}

/** `/console/buses`: the state of each bus, its lag, and its events, silences and gaps on one time axis. */
export async function busesPage(request: PageRequest): Promise<Page> {
  const { ask, query, cloudStates } = request
  const given = query.get('window') ?? 'day'
  const chosen = isWindow(given) ? given : 'day'
  const { name, ...parameters } = windows[chosen]
  const [activity, states] = await Promise.all([
    askComplete(() => ask('activity', parameters)),
    cloudStates(),
  ])
  return {
    title: 'Buses',
    content: html`<div class="head" data-refresh="5" data-updates="states lanes totals"><h1>Buses</h1><p id="totals">${showTotals(states)}</p></div>
<section class="card" id="states">${showCloudStates(states, request.appearance)}</section>
<section class="card"><h2>Events, silences and gaps</h2><form class="fields"><label>Time<select name="window">${Object.entries(
      windows,
    ).map(
      ([value, { name }]) =>
        html`<option value="${value}"${value === chosen && html` selected`}>${name}</option>`,
    )}</select></label><button>Show</button></form>
<figure id="lanes"><figcaption><p>Events of ${name}. A silence is marked from ${parameters.silence_hours} h on.</p></figcaption>${showActivity(activity, request)}</figure></section>`,
  }
}

function showTotals({ log_position, views_position, missing }: CloudState): string {
  if (log_position === null) return 'no recorder runs here'
  const behind = log_position - (views_position ?? 0)
  return [
    `${showCount(log_position)} events recorded`,
    behind > 0 ? `the views are ${showCount(behind)} behind` : 'the views are up to date',
    ...missing.map(({ part, reason }) => `${part}: ${reason}`),
  ].join(' · ')
}

/** Readers do not see the counts. */
function showCountOrNone(count: number | null): string {
  return count === null ? '–' : showCount(count)
}

function showActivity(activity: Activity, { appearance }: PageRequest): Markup {
  const { complete, from, until, columns, silences, gaps } = activity
  if (!complete) return COUNTING
  const clouds = activity.clouds.toSorted(appearance.byCloud)
  if (from === null || until === null || clouds.length === 0) {
    return html`<p class="quiet">No events in this time.</p>`
  }
  const span = { from: at(from), until: at(until) }
  const lanes = clouds.map(
    ({ service_provider: cloud, activity }): BusLane => ({
      cloud,
      columns: activity,
      marks: [
        ...silences
          .filter(({ service_provider }) => service_provider === cloud)
          .map(each => ({
            kind: 'silence' as const,
            from: at(each.from),
            until: at(each.until),
            says: `no notification from ${each.from} to ${each.until}`,
          })),
        ...gaps
          .filter(({ service_provider }) => service_provider === cloud)
          .map(gap => ({
            kind: 'gap' as const,
            from: at(gap.from ?? gap.until ?? from),
            until: at(gap.until ?? until),
            says: gap.what,
          })),
      ],
    }),
  )
  return html`${drawBusLanes({ span, columns, lanes }, appearance)}
<details><summary>As tables</summary>${showTable(
    'Events of each cloud',
    [
      { name: 'Cloud', cell: each => showCloud(each.service_provider, appearance) },
      { name: 'Events', cell: ({ events }) => showCountOrNone(events), format: 'number' },
      { name: 'Unreadable', cell: each => showCountOrNone(each.unparseable), format: 'number' },
      { name: 'Last heard', cell: ({ last_heard }) => showTime(last_heard) },
      {
        name: 'Greatest lag',
        cell: ({ greatest_lag_seconds: lag }) => (lag === null ? '–' : `${lag.toFixed(2)} s`),
        format: 'number',
      },
    ],
    clouds,
  )}${showTable(
    'Silences',
    [
      { name: 'Silent', cell: each => showCloud(each.service_provider, appearance) },
      { name: 'From', cell: ({ from }) => showTime(from) },
      { name: 'To', cell: ({ until, lasts }) => (lasts ? 'now' : showTime(until)) },
    ],
    silences,
    { none: 'No silence.' },
  )}${showTable(
    'Gaps',
    [
      { name: 'Gap', cell: each => showCloud(each.service_provider, appearance) },
      { name: 'From', cell: ({ from }) => showTime(from) },
      { name: 'To', cell: ({ until }) => showTime(until) },
      { name: 'What', cell: ({ what }) => what, format: 'wrap' },
      { name: 'Event', cell: ({ position }) => showEvent(position) },
    ],
    gaps,
    { none: 'No gap.' },
  )}</details>`
}

function at(time: string): number {
  return parseTime(time) ?? 0
}
