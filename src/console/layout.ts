import type { OpsVisitor } from '../api/visitor.js'
import { version } from '../version.js'
import type { AssetUrl } from './assets.js'
import { html, type Markup } from './html-template.js'
import type { Page } from './page-request.js'

/** The pages in the navigation, in its order. */
export const pageNames = {
  '': 'Placement',
  events: 'Events',
  buses: 'Buses',
  conflicts: 'Conflicts',
  explain: 'Explain',
  requests: 'Requests',
  audit: 'Audit',
} as const

const SHEETS = [
  'colours.css',
  'clouds.css',
  'console.css',
  'content.css',
  'forms.css',
  'charts.css',
]

interface Frame {
  readonly assetUrl: AssetUrl
  /** The name of the current page in the navigation; null for pages outside of it. */
  readonly current: string | null
  /** null for the login, which shows nothing else. */
  readonly visitor: OpsVisitor | null
  /** The name of a project; its id if the name is unknown. */
  readonly nameOf: (id: string) => string
}

/** Put a page into its frame: name, search box, navigation, user. */
export function renderLayout(page: Page, frame: Frame): string {
  const { assetUrl, visitor, nameOf } = frame
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · Mixmatch</title>
${SHEETS.map(
  name => html`<link rel="stylesheet" href="${assetUrl(name)}">
`,
)}
<link rel="icon" href="${assetUrl('mark.svg')}" type="image/svg+xml">
<script type="module" src="${assetUrl('console.js')}"></script>
${page.script && html`<script type="module" src="${assetUrl(page.script)}"></script>`}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="bar">
  <a class="brand" href="/console/">${MARK}Mixmatch</a>
  ${visitor && SEARCH}
  ${visitor?.userName && renderUser(visitor, nameOf)}
</header>
${visitor && renderNavigation(frame.current)}
<main id="content" tabindex="-1">
${page.content}
</main>
<footer>Mixmatch ${version}. The console only reads. Times are UTC.</footer>
</body>
</html>
`.text
}

function renderNavigation(current: string | null): Markup {
  return html`<nav aria-label="Pages">${Object.entries(pageNames).map(
    ([path, name]) =>
      html`<a href="/console/${path}"${path === current && html` aria-current="page"`}>${name}</a>`,
  )}</nav>`
}

function renderUser({ userName, viewer, project }: OpsVisitor, nameOf: Frame['nameOf']): Markup {
  const sees = viewer === 'all' ? 'sees all projects' : `sees project ${nameOf(project ?? '')}`
  return html`<div class="who"><span>${userName} <span class="quiet">${sees}</span></span>
    <form method="post" action="/console/logout"><button class="plain">Log out</button></form></div>`
}

/** The logo: two currents that meet. */
const MARK = html`<svg viewBox="0 0 20 20" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="2"><path d="M2 5h3c5 0 5 10 10 10h3"/><path d="M2 15h3c5 0 5-10 10-10h3"/></g></svg>`

const SEARCH = html`<form class="find" role="search" action="/console/search">
    <label class="hidden" for="find">Search</label>
    <input id="find" name="q" type="search" autocomplete="off" spellcheck="false"
      placeholder="Id or its beginning, name, project, request id" aria-keyshortcuts="/">
    <button>Search</button>
  </form>`
