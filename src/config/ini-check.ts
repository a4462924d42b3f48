import ini from 'ini'
import type { ConfigIssue } from './config-issue.js'
import type { Assignment } from './oslo-ini.js'

/**
 * Find values with a ` #` or ` ;`. The `ini` package and most people see a comment there, but
 * oslo.config does not. Mixmatch uses the values of `oslo-ini.ts`, which reads like oslo.config.
 */
export function findCommentsInValues(assignments: readonly Assignment[]): ConfigIssue[] {
  return assignments.flatMap(({ section, option, value, file, line }) =>
    value.split('\n').flatMap((text, index): ConfigIssue[] => {
      const mark = commentIn(text)
      if (mark === null) return []
      const message = `a comment must have its own line: what comes after the ${mark} is part of this value`
      return [{ origin: { from: 'file', file, line: line + index }, section, option, message }]
    }),
  )
}

/** `#` or `;` where a comment seems to begin in the text of a value; null if none does. */
function commentIn(text: string): string | null {
  const read: unknown = ini.parse(`value = ${text}`)['value']
  if (typeof read !== 'string' || !text.startsWith(read)) return null
  const rest = text.slice(read.length)
  const begins = read === '' || /^\s/.test(rest)
  return begins ? (/^\s*([;#])/.exec(rest)?.[1] ?? null) : null
}
