import { setTimeout } from 'node:timers/promises'
import { html } from './html-template.js'
import type { Page } from './page-request.js'

const PAUSE_MS = 25
/** Long enough for some ten thousand resources. A longer count goes on while the page says so. */
const PATIENCE_MS = 300

/** Ask a query that reads in the background until its answer is complete, or for a moment at most. */
export async function askComplete<Answer extends { readonly complete: boolean }>(
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const until = performance.now() + PATIENCE_MS
  let answer = await ask()
  while (!answer.complete && performance.now() < until) {
    await setTimeout(PAUSE_MS)
    answer = await ask()
  }
  return answer
}

/** In place of what is not counted yet, in a part of a page that refreshes itself. */
export const COUNTING = html`<p class="says" role="status">The log is being read. A long one takes a minute or two. This page refreshes itself.</p>`

/** A page without an answer yet. It loads itself again when there is one. */
export function stillCounting(title: string): Page {
  return {
    title,
    content: html`<div class="head"><h1>${title}</h1></div>
<div data-refresh="2" data-updates="content">${COUNTING}</div>`,
  }
}
