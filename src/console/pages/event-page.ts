import { showCloud, showFacts, showProject, showResource, showTime } from '../elements.js'
import { html } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

/** `/console/event/4182`: one event with its origin, its hash and its message without secrets. */
export async function eventPage({ ask, rest, appearance }: PageRequest): Promise<Page> {
  const event = await ask('event', { position: rest[0] ?? '' })
  const { position } = event
  const body = event.body === undefined ? event.body_text : JSON.stringify(event.body, null, 2)
  return {
    title: `Event ${position}`,
    content: html`<div class="head"><h1>Event ${position} <small>${event.event_type}</small></h1>
<p>${position > 1 && html`<a href="/console/event/${position - 1}" rel="prev">← ${position - 1}</a> `}<a href="/console/event/${position + 1}" rel="next">${position + 1} →</a></p></div>
<div class="grid wide"><section class="card"><h2>Origin</h2>${showFacts([
      ['Cloud', showCloud(event.service_provider, appearance)],
      ['Recorded', showTime(event.recorded_at)],
      ['Emitted', showTime(event.emitted_at)],
      ['Meaning', html`<span class="tag ${event.kind}">${event.kind}</span>`],
      ['Resource', showResource(event.resource)],
      ['Made from', event.parent && html`<span class="id">${event.parent}</span>`],
      ['Project', showProject(event.project, appearance)],
      ['Source', event.source],
      ['Exchange', event.exchange === '' ? '–' : `${event.exchange} ${event.routing_key}`],
      ['Message', html`<span class="id">${event.message_id}</span>`],
      ['Hash', html`<span class="id">${event.hash}</span>`],
      ['As text', html`<code>mixmatch log show ${position}</code>`],
    ])}</section>
<section class="card"><h2>Message <small>as recorded, without secrets</small></h2>
<pre tabindex="0" aria-label="Message">${body}</pre></section></div>`,
  }
}
