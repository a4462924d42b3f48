import { nearest } from './nearest.js'
import type { Option } from './option.js'
import { options } from './options.js'
import { type OsloIni, unquote } from './oslo-ini.js'
import type { Finding, Origin } from './problem.js'
import { resolveReferences, splitReference } from './references.js'

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** An option as it counts: from the environment, else from the last file that gives it, else its default. */
export interface Effective {
  /** Without quotes, references resolved; null where it is not set and has no default. */
  readonly text: string | null
  readonly origin: Origin
  /** Whether it is a secret or refers to one. */
  readonly secret: boolean
  /** What is wrong with it before it is even read as what it should be. */
  readonly fault: string | null
}

/** All that files and environment say, by group and option. */
export interface Settings {
  effective(group: string, option: Option<unknown>): Effective
  /** The value of an option. Where it is not what was expected, that is a problem, and it is the default. */
  read<T>(group: string, option: Option<T>): T
  /** Whether a group stands in a file, or the environment gives an option of it. */
  has(group: string): boolean
  /** Whether an option is given and not empty, right or wrong. */
  gives(group: string, option: Option<unknown>): boolean
  /** Report on an option, at the place where it is given or should be. */
  problem(group: string, option: Option<unknown>, message: string): void
  warning(group: string, option: Option<unknown>, message: string): void
  /** What was reported so far. */
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** The options that a group can have; none for one that is not known. `sp_…` are all alike. */
export function optionsOf(group: string): readonly Option<unknown>[] {
  if (group.startsWith('sp_')) return Object.values(options.sp)
  const known = Object.entries(options).find(([name]) => name === group && name !== 'sp')
  return known ? Object.values(known[1]) : []
}

/** `[sp_cornmeal-sp] auth_url` → `OS_SP_CORNMEAL_SP__AUTH_URL`. */
export function variableOf(group: string, option: string): string {
  return `OS_${group}__${option}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}

/** Every name under which an option can be given, as group and name, its own first. */
export function namesOf(group: string, option: Option<unknown>): readonly [string, string][] {
  const aliases = option.traits.aliases ?? []
  return [option.name, ...aliases].map(name => {
    const [other, inOther] = name.split('.')
    return other && inOther ? [other, inOther] : [group, name]
  })
}

/** @param files in the order in which they were read: a later one overrides an earlier */
export function createSettings(files: readonly FileIni[], env: Environment): Settings {
  const given = new Map(
    files.flatMap(({ assignments }) =>
      assignments.map(each => [`${each.section}.${each.option}`, each] as const),
    ),
  )
  const headings = new Map(
    files.flatMap(({ file, sections }) =>
      sections.map(({ name, line }) => [name, { from: 'file', file, line }] as const),
    ),
  )
  const problems: Finding[] = []
  const warnings: Finding[] = []

  function effective(group: string, option: Option<unknown>, within: string[] = []): Effective {
    const secret = option.traits.secret ?? false
    const names = namesOf(group, option)
    for (const [inGroup, name] of names) {
      const variable = variableOf(inGroup, name)
      const text = env[variable]
      const origin = { from: 'environment', variable } as const
      if (text !== undefined) return { text: text.trim(), origin, secret, fault: null }
    }
    for (const [inGroup, name] of names) {
      const found = given.get(`${inGroup}.${name}`)
      if (!found) continue
      const origin = { from: 'file', file: found.file, line: found.line } as const
      const written = option.kind.list ? found.value : unquote(found.value)
      if (!option.kind.list && written.includes('\n')) {
        return { text: null, origin, secret, fault: goesOn(found.line + 1) }
      }
      const self = `${group}.${option.name}`
      let fault: string | null = null
      const resolved = resolveReferences(written, name => {
        const referent = refer(name, group, [...within, self])
        if (typeof referent !== 'string') return referent
        fault ??= secret
          ? 'a $ in it refers to no option that has a value; a dollar sign is written $$'
          : referent
        return { text: '', secret: false }
      })
      return { text: resolved.text, origin, secret: secret || resolved.secret, fault }
    }
    return { text: option.default, origin: { from: 'default' }, secret, fault: null }
  }

  /** What a reference stands for, or what is wrong with it. */
  function refer(name: string, from: string, within: string[]) {
    const { group, option: optionName } = splitReference(name)
    const groups =
      group === null ? [from, 'DEFAULT'] : [group === 'DEFAULT' ? group : group.toLowerCase()]
    for (const each of groups) {
      const option = optionsOf(each).find(({ name }) => name === optionName)
      if (!option) continue
      if (within.includes(`${each}.${optionName}`)) return `$${name} refers back to itself`
      const { text, secret, fault } = effective(each, option, within)
      return fault === null
        ? { text: text ?? '', secret }
        : `$${name} refers to an option that is wrong`
    }
    const meant = nearest(
      optionName,
      groups.flatMap(each => optionsOf(each).map(({ name }) => name)),
    )
    return `$${name} refers to no option${meant ? ` (${meant}?)` : ''}; a dollar sign is written $$`
  }

  function finding(group: string, option: Option<unknown>, message: string): Finding {
    const { origin } = effective(group, option)
    const place = origin.from === 'default' ? whereExpected(group, option) : origin
    return { origin: place, section: group, option: option.name, message }
  }

  function whereExpected(group: string, option: Option<unknown>): Finding['origin'] {
    const last = files.at(-1)
    if (!last) return { from: 'environment', variable: variableOf(group, option.name) }
    return headings.get(group) ?? { from: 'file', file: last.file, line: null }
  }

  return {
    problems,
    warnings,
    effective,
    has: group =>
      headings.has(group) ||
      Object.keys(env).some(variable => variable.startsWith(variableOf(group, ''))),
    gives(group, option) {
      const { origin, text } = effective(group, option)
      return origin.from !== 'default' && text !== ''
    },
    problem: (group, option, message) => problems.push(finding(group, option, message)),
    warning: (group, option, message) => warnings.push(finding(group, option, message)),
    read(group, option) {
      const parsed = parse(option, effective(group, option))
      if (parsed.success) return parsed.value
      problems.push(finding(group, option, parsed.message))
      return option.kind.schema.parse(option.default)
    },
  }
}

/** A file that was read, by the name it was found under. */
export interface FileIni extends OsloIni {
  readonly file: string
}

type Parsed<T> =
  | { readonly success: true; readonly value: T }
  | { readonly success: false; readonly message: string }

function parse<T>(option: Option<T>, { text, secret, fault }: Effective): Parsed<T> {
  const { expected, schema, list, explain } = option.kind
  if (fault !== null) return { success: false, message: fault }
  const isLeftOut = text === '' && !list && option.default === null
  const parsed = schema.safeParse(isLeftOut ? null : text)
  if (parsed.success) return { success: true, value: parsed.data }
  const why = text === null ? null : explain?.(text)
  return {
    success: false,
    message: why ?? `expected ${expected}, found ${foundText(text, secret)}`,
  }
}

function foundText(text: string | null, secret: boolean): string {
  if (text === null || text === '') return 'nothing'
  if (secret) return 'something else'
  return JSON.stringify(withoutCredentials(text))
}

/** Even an option that is no secret can hold one: `mysql://user:password@host`. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[\s\S]*@/, '://***@')
}

function goesOn(line: number): string {
  return `expected one line, but it goes on in line ${line}, because that is indented`
}
