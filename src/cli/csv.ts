/**
 * Format a line of CSV (RFC 4180): CRLF at the end, quotes if necessary. Text that a spreadsheet would
 * run as a formula gets an apostrophe before it, because ids and names come from other clouds (OWASP, CSV
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
