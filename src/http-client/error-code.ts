/** `ECONNREFUSED`, `CERT_HAS_EXPIRED`; the name of an error that has no code. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
