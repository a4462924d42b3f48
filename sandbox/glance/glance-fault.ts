import { STATUS_CODES } from 'node:http'
import type { ApiFault } from '../api-fault.js'
import type { ServiceContext } from '../http-service.js'

/** WebOb's reason phrases that differ from Node's. */
const TITLES: Readonly<Record<number, string>> = { 416: 'Request Range Not Satisfiable' }

/**
 * A fault as WebOb renders it for Glance: HTML, unless the client asks for JSON and not for HTML,
 * and even then with line breaks of HTML in the message.
 */
export function renderGlanceFault(
  ctx: ServiceContext,
  { status, message, detail }: ApiFault,
): void {
  const title = TITLES[status] ?? STATUS_CODES[status] ?? 'Error'
  ctx.status = status
  if (ctx.accepts('text/html', 'application/json') === 'application/json') {
    ctx.type = 'application/json'
    ctx.body = JSON.stringify({
      message: `${message}<br /><br />\n${detail}\n\n`,
      code: `${status} ${title}`,
      title,
    })
    return
  }
  ctx.type = 'text/html; charset=UTF-8'
  ctx.body = `<html>
 <head>
  <title>${status} ${title}</title>
 </head>
 <body>
  <h1>${status} ${title}</h1>
  ${escapeHtml(message)}<br /><br />
${escapeHtml(detail)}


 </body>
</html>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
