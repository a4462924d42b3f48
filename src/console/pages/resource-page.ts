import { MixmatchError } from '../../errors.js'
import { parseTime } from '../../event/time.js'
import { drawTimeline } from '../charts/placement-timeline.js'
import { showCloud, showEvent, showFacts, showProject, showTable, showTime } from '../elements.js'
import { type EventLine, showEvents } from '../event-table.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'
import { readSlider, showSlider } from '../time-slider.js'

const MOST_EVENTS = 500

/** `/console/resource/volume/5c0b…`: where it is or was, since when, whose and why; with each event. */
export async function resourcePage(request: PageRequest): Promise<Page> {
  const { ask, appearance, query } = request
  const [type = '', id = ''] = request.rest
  const [{ history }, { events, next }] = await Promise.all([
    ask('history', { id }),
    ask('events', { resource: id, order: 'oldest', limit: String(MOST_EVENTS) }),
  ])
  const held = history.filter(({ resource }) => resource.type === type)
  const own = events.filter(({ resource }) => resource?.type === type)
  const span = spanOf(held, own)
  const slider = readSlider(query, span)
  const { places, deletions } = await ask('resource', { id, ...slider.point })
  const here = places.filter(({ resource }) => resource.type === type)
  const gone = deletions.filter(({ resource }) => resource.type === type)
  const explained = await explain(request, type, id, here[0]?.project ?? null, slider.point)
  const newest = own.at(-1)
  const message =
    newest && describeMessage((await ask('event', { position: String(newest.position) })).body)

  return {
    title: `${type} ${id}`,
    content: html`<div class="head"><h1>${message?.name ?? html`<span class="id">${id}</span>`} <small>${type}</small></h1>
<p>${message?.name && html`<span class="id">${id}</span>`}</p></div>
<section class="card"><h2>Timeline</h2>
${showSlider(slider, 'timeline placement', 'Placement at')}
<figure id="timeline">${drawTimeline(
      {
        span,
        held: held.map(each => ({
          cloud: each.service_provider,
          from: at(each.from),
          until: each.to === null ? null : at(each.to),
          owner: `${each.service_provider}, project ${each.project === null ? 'unknown' : (appearance.nameOf(each.project) ?? each.project)}: ${each.from} to ${each.to ?? 'now'}`,
        })),
        marks: own.map(event => ({
          cloud: event.service_provider,
          at: at(event.recorded_at),
          kind: event.kind,
          says: `${event.position}: ${event.event_type}, ${event.recorded_at}`,
        })),
        at: slider.at,
      },
      appearance,
    )}</figure></section>
<div class="grid" id="placement">
<section class="card"><h2>Where it ${slider.isNow ? 'is' : 'was'}</h2>${
      here.length === 0
        ? html`<p>${slider.isNow ? 'No cloud holds it.' : 'No cloud was known to hold it.'}</p>${gone.map(
            deletion =>
              html`<p>${showCloud(deletion.service_provider, appearance)} deleted it at ${showTime(deletion.at)}, says event ${showEvent(deletion.position)}.</p>`,
          )}`
        : here.map(place =>
            showFacts([
              ['Cloud', html`<strong>${showCloud(place.service_provider, appearance)}</strong>`],
              ['Project', showProject(place.project, appearance)],
              [
                'User',
                message?.user &&
                  (appearance.nameOf(message.user) ??
                    html`<span class="id">${message.user}</span>`),
              ],
              ['Since', showTime(sinceOf(held, place.service_provider, slider.at))],
              ['Says event', showEvent(place.position)],
            ]),
          )
    }</section>
${explained}</div>
<section class="card"><h2>Placements <small>by the clocks of the clouds</small></h2>${showTable(
      'Placements',
      [
        { name: 'Cloud', cell: each => showCloud(each.service_provider, appearance) },
        { name: 'Project', cell: ({ project }) => showProject(project, appearance) },
        { name: 'From', cell: ({ from }) => showTime(from) },
        { name: 'Event', cell: ({ from_position }) => showEvent(from_position) },
        { name: 'To', cell: ({ to }) => (to === null ? 'now' : showTime(to)) },
        {
          name: 'Event',
          cell: ({ to_position }) => (to_position === null ? '–' : showEvent(to_position)),
        },
      ],
      held,
    )}</section>
<section class="card"><h2>Events <small>${own.length}${next !== null && ', the first of more'}</small></h2>
${showEvents('Events', own, appearance)}</section>`,
  }
}

type Interval = {
  readonly service_provider: string
  readonly from: string
  readonly to: string | null
}

function spanOf(held: readonly Interval[], events: readonly EventLine[]) {
  const times = [
    ...held.flatMap(({ from, to }) => [from, ...(to === null ? [] : [to])]),
    ...events.map(({ recorded_at }) => recorded_at),
  ].map(at)
  const from = Math.min(...times)
  const now = Date.now() * 1000
  return { from: Number.isFinite(from) ? from : now - 1e6, until: Math.max(now, ...times) }
}

/** When the placement of that moment began. */
function sinceOf(held: readonly Interval[], cloud: string, moment: number): string | null {
  const [placement] = held.filter(
    ({ service_provider, from, to }) =>
      service_provider === cloud && at(from) <= moment && (to === null || at(to) > moment),
  )
  return (
    placement?.from ?? held.filter(each => each.service_provider === cloud).at(-1)?.from ?? null
  )
}

function at(time: string): number {
  return parseTime(time) ?? 0
}

const paths: Readonly<Record<string, (id: string, project: string) => string>> = {
  image: id => `/image/v2/images/${id}`,
  volume: (id, project) => `/volume/v3/${project}/volumes/${id}`,
  snapshot: (id, project) => `/volume/v3/${project}/snapshots/${id}`,
  backup: (id, project) => `/volume/v3/${project}/backups/${id}`,
  group: (id, project) => `/volume/v3/${project}/groups/${id}`,
}

/** Explain the decision for a request to the resource. */
async function explain(
  { ask }: PageRequest,
  type: string,
  id: string,
  project: string | null,
  point: Readonly<Record<string, string>>,
): Promise<Markup | null> {
  const path = paths[type]?.(encodeURIComponent(id), project ?? 'project')
  if (path === undefined) return null
  return html`<section class="card"><h2>Why</h2>${await showDecision(ask, path, point)}
<p class="note">For <code>GET ${path}</code>. <a href="/console/explain?method=GET&amp;path=${encodeURIComponent(path)}">Explain another request</a></p></section>`
}

/** The decision; for an id that no path can have, why there is none. */
async function showDecision(
  ask: PageRequest['ask'],
  path: string,
  point: Readonly<Record<string, string>>,
): Promise<Markup> {
  try {
    const { decision } = await ask('explain', { method: 'GET', path, ...point })
    return html`<p>${decision.sentence}.</p>
${decision.condition && html`<p class="quiet">${decision.condition}</p>`}`
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    return html`<p class="quiet">${error.message}</p>`
  }
}

/** The name and the user of a resource, from a notification: `{"payload": {"display_name": …, "user_id": …}}`. */
function describeMessage(body: unknown): { name: string | null; user: string | null } {
  const payload = fieldOf(body, 'payload')
  const text = (name: string) => {
    const value = fieldOf(payload, name)
    return typeof value === 'string' && value !== '' ? value : null
  }
  return { name: text('display_name') ?? text('name'), user: text('user_id') }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}
