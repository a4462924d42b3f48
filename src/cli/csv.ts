/**
 * A line of CSV, RFC 4180: CRLF at its end, quotes where they are needed. Text that a spreadsheet would take for
 * a formula gets an apostrophe before it: ids and names come from other people's clouds (OWASP, CSV
 * Injection).
 */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\r\n`
}

function field(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const given = typeof value === 'string' ? value : JSON.stringify(value)
  const text = /^[=+\-@\t\r]/.test(given) ? `'${given}` : given
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
