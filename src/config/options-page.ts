import type { Option } from './option.js'
import { groupTitles, options } from './options.js'

const HEAD = `\
# Configuration

Every option of \`mixmatch.conf\`, made from the table that also reads it: change
\`src/config/options.ts\`, then \`npm run docs\`. [etc/mixmatch.conf.sample](../etc/mixmatch.conf.sample)
is the same as a file to start from.

## Files and their form

\`./mixmatch.conf\`, \`./etc/mixmatch/mixmatch.conf\` and \`/etc/mixmatch/mixmatch.conf\` are read, as far as
they exist, and what a later one says counts. \`--config-file FILE\` reads that file instead. It may be given several
times, and files are merged in their order. \`--config-dir FOLDER\` reads all \`*.conf\` of a folder as well. A file that
is there and cannot be read ends the search. The environment counts above all files: \`OS_<GROUP>__<OPTION>\`, such as \`OS_AUTH__PASSWORD\`,
\`OS_SP_CORNMEAL__MESSAGEBUS\` or \`OS_DEFAULT__DEBUG\`.

The form is that of oslo.config. Values may be quoted. The items of a list are separated by commas, or stand on
indented lines. A comment must have its own line: a \`#\` or \`;\` behind a value is part of the value. \`$name\` and
\`$group.name\` stand for the value of another option, \`$$\` for a dollar sign. Hyphens in names count as underscores.

\`mixmatch config check\` names every mistake with its file and line, and warns of unknown names. It also tries the
files, folders and ports that the configuration names. \`mixmatch config show\` prints the values in force, with
masked passwords. On SIGHUP all options take effect, except those marked **restart**.
`

/** Render `docs/configuration.md`: every option with its default and its meaning. */
export function renderOptionsPage(): string {
  const groups = Object.entries(options).map(([group, members]) => {
    const heading = group === 'sp' ? 'sp_&lt;name&gt;' : group
    const titles: Readonly<Record<string, string>> = groupTitles
    return `## [${heading}]\n\n${titles[group]}.\n\n${table(Object.values(members))}`
  })
  return [HEAD, ...groups].join('\n')
}

function table(members: readonly Option<unknown>[]): string {
  const rows = members.map(row)
  return `| option | default | meaning |\n|---|---|---|\n${rows.join('')}`
}

function row({ name, kind, default: fallback, help, traits }: Option<unknown>): string {
  const meaning = [
    help,
    `Expected: ${kind.expected}.`,
    traits.aliases &&
      `Also read as ${traits.aliases.map(alias => code(inItsGroup(alias))).join(', ')}.`,
    traits.restarts && '**restart**',
  ]
  const cells = [
    code(name),
    traits.otherwise ?? (fallback ? code(fallback) : 'none'),
    meaning.filter(sentence => sentence !== undefined && sentence !== false).join(' '),
  ]
  return `| ${cells.map(inCell).join(' | ')} |\n`
}

/** `cache.expiration_time` → `[cache] expiration_time`. */
function inItsGroup(alias: string): string {
  return alias.replace(/^(\w+)\./, '[$1] ')
}

function code(text: string): string {
  return `\`${text}\``
}

/** Escape the characters with which Markdown ends a cell or begins a tag. */
function inCell(text: string): string {
  const plain = text.replaceAll('|', '\\|')
  return plain.replace(/`[^`]*`|<(?=\w)/g, part => (part === '<' ? '&lt;' : part))
}
