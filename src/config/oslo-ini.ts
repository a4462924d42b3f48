import type { ConfigIssue } from './config-issue.js'

/** One `name = value` of a file. */
export interface Assignment {
  /** In lower case, as in comparisons of oslo.config, except `DEFAULT`. */
  readonly section: string
  /** With underscores: `cache-time` is `cache_time`. */
  readonly option: string
  /** With its quotes and `$references`. A value of several lines contains `\n`. */
  readonly value: string
  readonly file: string
  /** The number of its first line, from 1. */
  readonly line: number
}

/** The content of one file in its order, also sections without options. */
export interface OsloIni {
  readonly assignments: readonly Assignment[]
  readonly sections: readonly { readonly name: string; readonly line: number }[]
  readonly problems: readonly ConfigIssue[]
}

/**
 * Read the INI dialect of oslo.config (`oslo_config/iniparser.py`). An indented line continues the value
 * above it. A line that begins with `#` or `;` is a comment; anywhere else both are ordinary characters.
 * Section names can have any characters, and a section can occur twice. The first `=` or `:` separates name
 * and value.
 *
 * The `ini` package reads another dialect. It cuts values at `;` and `#`, reads dots in section names as
 * nesting, unescapes quoted values as JSON, drops `__proto__`, makes lists of `key[]`, and has no
 * continuation lines and no line numbers. To escape a line for it, we would have to parse the line first.
 * It is only used to check values (`ini-check.ts`).
 */
export function parseOsloIni(text: string, file: string): OsloIni {
  const assignments: Assignment[] = []
  const sections: { name: string; line: number }[] = []
  const problems: ConfigIssue[] = []
  // null before the first heading, '' after a heading that cannot be read.
  let section: string | null = null
  let open: { option: string; lines: string[]; line: number } | null = null

  const close = () => {
    if (open && section) {
      const { option, lines, line } = open
      assignments.push({ section, option, value: lines.join('\n'), file, line })
    }
    open = null
  }
  const reject = (line: number, message: string) => {
    problems.push({
      origin: { from: 'file', file, line },
      section: section || null,
      option: null,
      message,
    })
  }

  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1
    const content = raw.trimEnd()
    if (/^[ \t]/.test(content)) {
      if (open) open.lines.push(content.trim())
      else
        reject(line, 'an indented line continues the one above it, and there is none: unindent it')
      continue
    }
    close()
    if (content === '' || /^[#;]/.test(content)) continue
    if (content.startsWith('[')) {
      section = sectionName(content)
      if (section === '') reject(line, 'expected [section] and nothing else on its line')
      else sections.push({ name: section, line })
      continue
    }
    const at = content.search(/[=:]/)
    const option = content.slice(0, at).trim().replaceAll('-', '_')
    // The message must not contain such a line: it may be the rest of a password.
    if (at < 1) reject(line, 'expected option = value, or a # before a comment')
    else if (section === null) reject(line, 'expected a [section] before the first option')
    else open = { option, lines: [content.slice(at + 1).trim()], line }
  }
  close()
  return { assignments, sections, problems }
}

/** `"a b"` and `'a b'` without their quotes; anything else unchanged. Nothing inside is unescaped. */
export function unquote(value: string): string {
  const quoted = value.length > 1 && /^["']/.test(value) && value.at(-1) === value[0]
  return quoted ? value.slice(1, -1) : value
}

/** The name in a heading; empty if the heading has no end, or no name. */
function sectionName(content: string): string {
  const name = content.endsWith(']') ? content.slice(1, -1) : ''
  return name === 'DEFAULT' ? name : name.toLowerCase()
}
