/** Where an option got its value from. */
export type Origin =
  | { readonly from: 'file'; readonly file: string; readonly line: number }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'default' }

/** Something in the configuration that stops Mixmatch (a problem) or only surprises (a warning). */
export interface Finding {
  readonly origin: Origin | { readonly from: 'file'; readonly file: string; readonly line: null }
  readonly section: string | null
  readonly option: string | null
  /** What was expected, what was found, and what to do. Never a secret. */
  readonly message: string
}

/** A finding as one line: `etc/mixmatch.conf:12 [auth] auth_url: expected …, found …`. */
export function formatFinding({ origin, section, option, message }: Finding): string {
  const place = [formatOrigin(origin), section && `[${section}]`, option].filter(Boolean).join(' ')
  return place === '' ? message : `${place}: ${message}`
}

/** Where a value came from, in a few words; nothing for a default. */
export function formatOrigin(origin: Finding['origin']): string {
  switch (origin.from) {
    case 'file':
      return origin.line === null ? origin.file : `${origin.file}:${origin.line}`
    case 'environment':
      return `$${origin.variable}`
    case 'default':
      return ''
    default:
      return origin satisfies never
  }
}

/** Findings as one goes through the files from top to bottom; those of the environment come last. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const files = [...new Set([...findings.map(fileOf).filter(file => file !== ''), ''])]
  return [...findings].sort(
    (a, b) => files.indexOf(fileOf(a)) - files.indexOf(fileOf(b)) || lineOf(a) - lineOf(b),
  )
}

function fileOf({ origin }: Finding): string {
  return origin.from === 'file' ? origin.file : ''
}

function lineOf({ origin }: Finding): number {
  return origin.from === 'file' ? (origin.line ?? 0) : 0
}
