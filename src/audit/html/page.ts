import type { Report, Section, VerdictNumber } from '../report.js'
import { drawFigure } from './figure.js'
import { colours, safe } from './markup.js'
import { formatCell, formatHead, formatTable } from './report-table.js'
import { style } from './style.js'

/**
 * Format a report as one self-contained page: no scripts, no fonts, no requests. Its content security
 * policy forbids all of these, whatever an id or a name in the log contains.
 */
export function toPage(report: Report): string {
  const { title, verdict, findings, caveats, charts, sections, conclusion } = report
  const colourOf = colours(report.clouds)
  const present = new Set(sections.map(({ name }) => name))
  const first = sections.filter(section => isShortFinding(section, findings))
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${safe(title)}</title><style>${style}</style></head><body><main>`,
    `<header><p class="brand">Mixmatch</p><h1>${safe(title)}</h1>`,
    `<p class="verdict">${safe(verdict)}</p></header>`,
    listFindings(findings, present),
    ...caveats.map(({ text }) => `<p class="caveat">${safe(text)}</p>`),
    ...first.map(section => formatTable(section, present)),
    ...charts.map(chart => drawFigure(chart, colourOf, present)),
    ...sections
      .filter(section => !first.includes(section))
      .map(section => formatTable(section, present)),
    `<h2 class="basis">What this report was made from</h2><dl class="scope">`,
    ...Object.entries(report.scope).map(
      ([name, value]) =>
        `<div><dt>${safe(formatHead(name))}</dt><dd>${formatCell(value)}</dd></div>`,
    ),
    '</dl>',
    conclusion === undefined
      ? ''
      : `<p class="conclusion"><strong>Conclusion.</strong> ${safe(conclusion)}</p>`,
    '</main></body></html>\n',
  ].join('')
}

/** More rows would push the charts out of sight. */
const FEW_ROWS = 20

/** Whether a section has what somebody must look at, in few rows: then it comes before the charts. */
function isShortFinding({ name, rows }: Section, findings: readonly VerdictNumber[]): boolean {
  const isAlarming = findings.some(each => each.isAlarming && each.section === name)
  return isAlarming && rows.length > 0 && rows.length <= FEW_ROWS
}

/** The numbers of the verdict, as links to their rows. */
function listFindings(findings: readonly VerdictNumber[], present: ReadonlySet<string>): string {
  const items = findings.map(({ says, section, isAlarming }) => {
    const text = present.has(section) ? `<a href="#${safe(section)}">${safe(says)}</a>` : safe(says)
    return `<li${isAlarming ? ' class="alarming"' : ''}>${text}</li>`
  })
  return items.length === 0
    ? ''
    : `<ul class="findings" aria-label="Findings">${items.join('')}</ul>`
}
