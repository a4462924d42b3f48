import { MixmatchError } from '../../errors.js'
import { showCloud, showFacts, showProject, showResource, showTime } from '../elements.js'
import { showError } from '../error-page.js'
import { showEvents } from '../event-table.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const fields = ['method', 'path', 'at', 'project', 'request_id', 'access_line'] as const

/** `/console/explain?method=GET&path=…`: where a request goes or went, and why. */
export async function explainPage(request: PageRequest): Promise<Page> {
  const given = Object.fromEntries(
    fields.flatMap(name => {
      const value = (request.query.get(name) ?? '').trim()
      return value === '' ? [] : [[name, value]]
    }),
  )
  const isAsked = ['path', 'request_id', 'access_line'].some(name => name in given)
  const { status = 200, content } = isAsked ? await answer(request, given) : { content: null }
  return {
    title: 'Explain a request',
    status,
    content: html`<div class="head"><h1>Explain a request</h1><p>Nothing is sent.</p></div>
${content && html`<div id="answer" class="stack">${content}</div>`}
<section class="card">${showForms(given)}</section>`,
  }
}

/** One of three ways to ask: method and path, a request id, or a line of the access log. */
function parametersOf(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { request_id, access_line, ...others } = given
  if (access_line !== undefined) return { access_line }
  if (request_id !== undefined) return { request_id }
  return { method: 'GET', ...others }
}

async function answer(
  { ask, appearance }: PageRequest,
  given: Readonly<Record<string, string>>,
): Promise<{ status?: number; content: Markup }> {
  try {
    const { logged, needs_body, decision } = await ask('explain', parametersOf(given))
    const event = decision.event
    return {
      content: html`<p class="says"><strong>${decision.sentence}.</strong></p>
${decision.condition && html`<p class="says warn">${decision.condition}</p>`}
${needs_body && html`<p class="says warn">The body of this request can change the decision. It is not considered here.</p>`}
<div class="grid">${
        logged &&
        html`<section class="card"><h2>What the access log says</h2>${showFacts([
          ['Request', html`<code>${logged.method} ${logged.path}</code>`],
          ['Began', showTime(logged.began_at)],
          ['Request id', html`<span class="id">${logged.request_id}</span>`],
          ['Answered', logged.status ?? 'not at all'],
          ['By', logged.service_provider && showCloud(logged.service_provider, appearance)],
          ['Reason', logged.reason],
        ])}</section>`
      }<section class="card"><h2>Decision ${logged && html`<small>by the event log at that moment, without headers and body</small>`}</h2>${showFacts(
        [
          ['Reason', decision.because ?? decision.kind],
          [
            'To',
            decision.to
              ? showCloud(decision.to, appearance)
              : (decision.among ?? []).map(cloud => html`${showCloud(cloud, appearance)} `),
          ],
          ['Resource', decision.resource && showResource(decision.resource)],
          ['Owner', decision.owner && showProject(decision.owner, appearance)],
          [
            'Asked first',
            (decision.ask_first ?? []).map(cloud => html`${showCloud(cloud, appearance)} `),
          ],
        ],
      )}</section></div>
${event && html`<section class="card"><h2>It rests on</h2>${showEvents('The event that it rests on', [event], appearance)}</section>`}`,
    }
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    return showError(error)
  }
}

function showForms(given: Readonly<Record<string, string>>): Markup {
  const field = (name: string) => given[name] ?? ''
  return html`<h2>A request</h2><form class="fields">
<label>Method<select name="method">${METHODS.map(
    method => html`<option${method === field('method') && html` selected`}>${method}</option>`,
  )}</select></label>
<label class="grow">Path and query, or the whole URL<input name="path" value="${field('path')}" placeholder="/image/v2/images/5c0b7a52-…" required></label>
<label>At<input name="at" value="${field('at')}" placeholder="now, -5m, 2026-11-23T13:20" size="22"></label>
<label>Project of the user<input name="project" value="${field('project')}" placeholder="id" size="22"></label>
<button class="main">Explain</button></form>
<h2>Or a request of the access log</h2><form class="fields">
<label class="grow">Request id<input name="request_id" value="${field('request_id')}" placeholder="req-…" required></label>
<button>Explain</button></form>
<form class="fields"><label class="grow">Or a line of it<textarea name="access_line" rows="3" spellcheck="false" required
 placeholder="{&quot;access&quot;:true, …}">${field('access_line')}</textarea></label>
<button>Explain</button></form>`
}
