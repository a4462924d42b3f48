import { MixmatchError } from '../errors.js'
import { html } from './html-template.js'
import type { Page } from './page-request.js'

/** The page for a failed query, with the message of the API: what was expected, and what was found. */
export function showError(error: unknown): Page {
  const isExpected = error instanceof MixmatchError
  const status = isExpected ? error.status : 500
  const title = titles[status] ?? 'This page failed'
  const message = isExpected ? error.message : 'Mixmatch has logged the cause.'
  const code = isExpected ? error.code : 'UNFORESEEN'
  const fault = { code, message }
  return {
    title,
    status,
    fault,
    content: html`<h1>${title}</h1><p class="says warn">${message}</p>`,
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  403: 'Not allowed',
  404: 'Not found',
  503: 'Not available at the moment',
}
