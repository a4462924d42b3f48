import { html } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

/** The reports of `mixmatch audit` that need no further argument. */
const auditReports = {
  summary: 'Resources and notifications of each cloud, and the transfers between projects',
  placement: 'Where each resource was, and when',
  anomalies: 'Events that contradict each other, and clocks that are wrong',
  drift: 'Where the log and the real clouds differed when they were compared',
} as const

export type AuditReport = keyof typeof auditReports

export function isAuditReport(name: string): name is AuditReport {
  return name in auditReports
}

/** `/console/audit`: the reports, made on demand. */
export async function auditPage({ seesAll }: PageRequest): Promise<Page> {
  return {
    title: 'Audit',
    content: html`<div class="head"><h1>Audit</h1><p>reports over the whole log, made when you open them</p></div>
${
  seesAll
    ? html`<div class="grid">${Object.entries(auditReports).map(
        ([name, says]) => html`<section class="card"><h2>${name}</h2><p class="quiet">${says}.</p>
<p><a class="button" href="/console/audit/${name}">Make the report</a></p>
<p class="note"><code>mixmatch audit ${name} --format html</code></p></section>`,
      )}</div><p class="note">A report reads the whole log in a process of its own, which takes about a minute for five million events. One is made at a time.</p>`
    : html`<p class="says warn">Reports show the resources of all projects, so they need a role of <code>[ops] admin_roles</code>.</p>`
}`,
  }
}
