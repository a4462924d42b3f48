import type { Finding } from './problem.js'

/** One `name = value` as it stands in a file. */
export interface Assignment {
  /** As oslo.config compares them: in lower case, but for `DEFAULT`. */
  readonly section: string
  /** With underscores: `cache-time` is `cache_time`. */
  readonly option: string
  /** Still in its quotes, `$references` unresolved. A value of several lines holds `\n` between them. */
  readonly value: string
  readonly file: string
  /** The first line of it, from 1. */
  readonly line: number
}

/** What one file says, line by line in its order; sections without options included. */
export interface OsloIni {
  readonly assignments: readonly Assignment[]
  readonly sections: readonly { readonly name: string; readonly line: number }[]
  readonly problems: readonly Finding[]
}

/**
 * Read the INI dialect of oslo.config (`oslo_config/iniparser.py`): an indented line continues the
 * value above it, a comment is a line that begins with `#` or `;`, and both are plain characters
 * anywhere else. Section names are opaque, a section may come twice, names separate from values at
 * the first `=` or `:`.
 *
 * The `ini` package reads another dialect: it cuts values at `;` and `#`, takes dots in section
 * names for nesting, unescapes quoted values as JSON, drops `__proto__`, turns `key[]` into lists,
 * and knows neither continuation lines nor line numbers. By the time a line is escaped against all
 * that, it has been read. It gives a second opinion on values (`second-opinion.ts`).
 */
export function parseOsloIni(text: string, file: string): OsloIni {
  const assignments: Assignment[] = []
  const sections: { name: string; line: number }[] = []
  const problems: Finding[] = []
  // null before the first, '' after a heading that cannot be read: what follows is not known to be what.
  let section: string | null = null
  let open: { option: string; lines: string[]; line: number } | null = null

  const close = () => {
    if (open && section) {
      const { option, lines, line } = open
      assignments.push({ section, option, value: lines.join('\n'), file, line })
    }
    open = null
  }
  const refuse = (line: number, message: string) => {
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
        refuse(line, 'an indented line continues the one above it, and there is none: unindent it')
      continue
    }
    close()
    if (content === '' || /^[#;]/.test(content)) continue
    if (content.startsWith('[')) {
      section = sectionName(content)
      if (section === '') refuse(line, 'expected [section] and nothing else on its line')
      else sections.push({ name: section, line })
      continue
    }
    const at = content.search(/[=:]/)
    const option = content.slice(0, at).trim().replaceAll('-', '_')
    // The text of such a line is not repeated: it may be the rest of a password.
    if (at < 1) refuse(line, 'expected option = value, or a # before a comment')
    else if (section === null) refuse(line, 'expected a [section] before the first option')
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

/** Empty where the heading is not closed, or names nothing. */
function sectionName(content: string): string {
  const name = content.endsWith(']') ? content.slice(1, -1) : ''
  return name === 'DEFAULT' ? name : name.toLowerCase()
}
