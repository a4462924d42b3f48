import { MixmatchError } from '../errors.js'
import { html } from './html-template.js'
import type { Page } from './page-request.js'

/** The page for a failed query: what was expected and found, as the API says it. */
export function showError(error: unknown): Page {
  const isExpected = error instanceof MixmatchError
  const status = isExpected ? error.status : 500
  const title = titles[status] ?? 'This page failed'
  const message = isExpected ? error.message : 'The cause stands in the log of Mixmatch.'
  return { title, status, content: html`<h1>${title}</h1><p class="says warn">${message}</p>` }
}

const titles: Readonly<Record<number, string>> = {
  400: 'This cannot be read',
  403: 'Not for this user',
  404: 'Not found',
  503: 'Not known at the moment',
}
