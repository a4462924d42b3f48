import type { ConfigIssue, Origin } from './config-issue.js'
import { earlierGroups, fixedGroups, namesOf, optionsOf, variableOf } from './groups.js'
import { findNearest } from './nearest.js'
import type { Option } from './option.js'
import { type OptionText, parseValue } from './option-value.js'
import { type OsloIni, unquote } from './oslo-ini.js'
import { type Substitute, splitReference, substituteReferences } from './substitution.js'

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A file that was read, with the path under which it was found. */
export interface FileIni extends OsloIni {
  readonly file: string
}

/**
 * The effective value of an option: from the environment, or from the last file that sets it, or its
 * default. The text has no quotes, and references are replaced.
 */
export interface EffectiveValue extends OptionText {
  readonly origin: Origin
}

/** The settings in files and environment, by group and option, and the issues found so far. */
export interface Settings {
  effective(group: string, option: Option<unknown>): EffectiveValue
  /** The parsed value of an option. If it is invalid, a problem is added, and the default is returned. */
  read<T>(group: string, option: Option<T>): T
  /** Whether a file has the group, or the environment sets one of its options. */
  hasGroup(group: string): boolean
  /** Whether an option is set and not empty, valid or not. */
  isSet(group: string, option: Option<unknown>): boolean
  /** Add a problem of an option, at the place where it is set or should be set. */
  problem(group: string, option: Option<unknown>, message: string): void
  warning(group: string, option: Option<unknown>, message: string): void
  /** All problems that were added so far. */
  readonly problems: readonly ConfigIssue[]
  readonly warnings: readonly ConfigIssue[]
}

/** @param files in order: a later file overrides an earlier one */
export function createSettings(files: readonly FileIni[], env: Environment): Settings {
  const effective = createLookup(files, env)
  const headings = new Map(files.flatMap(headingsOf))
  const problems: ConfigIssue[] = []
  const warnings: ConfigIssue[] = []

  function finding(group: string, option: Option<unknown>, message: string): ConfigIssue {
    const { origin } = effective(group, option)
    const place = origin.from === 'default' ? whereExpected(group, option) : origin
    return { origin: place, section: group, option: option.name, message }
  }

  function whereExpected(group: string, option: Option<unknown>): ConfigIssue['origin'] {
    const last = files.at(-1)
    if (!last) return { from: 'environment', variable: variableOf(group, option.name) }
    return headings.get(group) ?? { from: 'file', file: last.file, line: null }
  }

  return {
    problems,
    warnings,
    effective,
    hasGroup: group =>
      headings.has(group) ||
      Object.keys(env).some(variable => variable.startsWith(variableOf(group, ''))),
    isSet(group, option) {
      const { origin, text } = effective(group, option)
      return origin.from !== 'default' && text !== ''
    },
    problem: (group, option, message) => problems.push(finding(group, option, message)),
    warning: (group, option, message) => warnings.push(finding(group, option, message)),
    read(group, option) {
      const parsed = parseValue(option, effective(group, option))
      if (parsed.success) return parsed.value
      problems.push(finding(group, option, parsed.message))
      return option.kind.schema.parse(option.default)
    },
  }
}

type Lookup = (group: string, option: Option<unknown>) => EffectiveValue

function createLookup(files: readonly FileIni[], env: Environment): Lookup {
  const assignments = files.flatMap(file => file.assignments)
  const assignmentsOf = ([group, name]: readonly [string, string]) =>
    assignments.filter(({ section, option }) => section === group && option === name)

  /** @param within the options that refer to this one, to find cycles */
  function lookUp(
    group: string,
    option: Option<unknown>,
    within: readonly string[],
  ): EffectiveValue {
    const names = namesOf(group, option)
    const secret = option.traits.secret ?? false

    const variable = names.map(name => variableOf(...name)).find(name => env[name] !== undefined)
    if (variable !== undefined) {
      const text = env[variable]?.trim() ?? null
      return { text, origin: { from: 'environment', variable }, secret, fault: null }
    }
    const given = names.map(assignmentsOf).find(each => each.length > 0) ?? []
    const assignment = given.at(-1)
    if (!assignment)
      return { text: option.default, origin: { from: 'default' }, secret, fault: null }

    const { file, line } = assignment
    const value = option.traits.repeats
      ? given.map(each => each.value).join('\n')
      : assignment.value
    const origin = { from: 'file', file, line } as const
    if (!option.kind.items && value.includes('\n')) {
      return { text: null, origin, secret, fault: continuedIn(line + 1) }
    }
    const faults: string[] = []
    const resolved = substituteReferences(option.kind.items ? value : unquote(value), reference => {
      const substitute = refer(reference, group, [...within, `${group}.${option.name}`])
      if (typeof substitute !== 'string') return substitute
      faults.push(secret ? `a $ in it refers to nothing; ${ESCAPE}` : substitute)
      return { text: '', secret: false }
    })
    return {
      text: resolved.text,
      origin,
      secret: secret || resolved.secret,
      fault: faults[0] ?? null,
    }
  }

  /** The text for a reference, or a message why there is none. */
  function refer(reference: string, from: string, within: readonly string[]): Substitute | string {
    const { group, option: name } = splitReference(reference)
    const groups = group === null ? [from, 'DEFAULT'] : [normaliseGroup(group)]
    const known = groups.flatMap(each => optionsOf(each).map(option => ({ group: each, option })))
    const found = known.find(({ option }) => option.name === name)
    if (!found) {
      const names = known.map(({ option }) => option.name)
      const nearest = findNearest(name, names)
      return `$${reference} refers to no option${nearest ? ` (${nearest}?)` : ''}; ${ESCAPE}`
    }
    if (within.includes(`${found.group}.${name}`)) return `$${reference} refers back to itself`
    const { text, secret, fault } = lookUp(found.group, found.option, within)
    return fault === null
      ? { text: text ?? '', secret }
      : `$${reference} refers to an option that is wrong itself`
  }

  return (group, option) => lookUp(group, option, [])
}

const ESCAPE = 'a dollar sign is written $$'

function continuedIn(line: number): string {
  return `expected one line, but it goes on in line ${line}, because that is indented`
}

/** Group names are compared in lower case, except DEFAULT. */
function normaliseGroup(group: string): string {
  const lower = group.toLowerCase()
  return fixedGroups.includes(group) ? group : (earlierGroups.get(lower) ?? lower)
}

function headingsOf({ file, sections }: FileIni) {
  return sections.map(({ name, line }): [string, ConfigIssue['origin']] => [
    name,
    { from: 'file', file, line },
  ])
}
