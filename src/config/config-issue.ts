/** The place where an option is set. */
export type Origin =
  | { readonly from: 'file'; readonly file: string; readonly line: number }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'default' }

/** A problem or a warning: Mixmatch does not start with a problem in its configuration. */
export interface ConfigIssue {
  readonly origin: Origin | { readonly from: 'file'; readonly file: string; readonly line: null }
  readonly section: string | null
  readonly option: string | null
  /** What was expected, what was found, and what to do. Never a secret. */
  readonly message: string
}

/** An issue as one line: `etc/mixmatch.conf:12 [auth] auth_url: expected …, found …`. */
export function formatIssue({ origin, section, option, message }: ConfigIssue): string {
  const place = [formatOrigin(origin), section && `[${section}]`, option].filter(Boolean).join(' ')
  return place === '' ? message : `${place}: ${message}`
}

/** The place of a value: `etc/mixmatch.conf:12`, `$OS_OPS__PORT`; empty for a default. */
export function formatOrigin(origin: ConfigIssue['origin']): string {
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

/** Sort issues by file and line; those of the environment are the last. */
export function sortIssues(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  const files = [...new Set([...issues.map(fileOf).filter(file => file !== ''), ''])]
  return [...issues].sort(
    (a, b) => files.indexOf(fileOf(a)) - files.indexOf(fileOf(b)) || lineOf(a) - lineOf(b),
  )
}

function fileOf({ origin }: ConfigIssue): string {
  return origin.from === 'file' ? origin.file : ''
}

function lineOf({ origin }: ConfigIssue): number {
  return origin.from === 'file' ? (origin.line ?? 0) : 0
}
