import type { ConfigIssue, Origin } from './config-issue.js'
import type { Environment, FileIni } from './effective-settings.js'
import { earlierGroups, fixedGroups, groupOf, namesOf, optionsOf, variableOf } from './groups.js'
import { ignoredGroups, whyIgnored } from './ignored-options.js'
import { findCommentsInValues } from './ini-check.js'
import { findNearest } from './nearest.js'
import type { Assignment } from './oslo-ini.js'

/** Find settings without effect (unknown, ignored or set again), and values that look like a comment. */
export function findWarnings(
  files: readonly FileIni[],
  env: Environment,
  clouds: readonly string[],
): readonly ConfigIssue[] {
  const groups = [...fixedGroups, ...earlierGroups.keys(), ...ignoredGroups, ...clouds.map(groupOf)]
  return [
    ...files.flatMap(file => [
      ...findUnknownGroups(file, groups),
      ...findRenamedGroups(file),
      ...file.assignments.flatMap(each => findUnknownOption(each, groups)),
      ...findCommentsInValues(file.assignments),
      ...findRepeated(file.assignments.filter(each => !isRepeatable(each))),
    ]),
    ...findOverruledAliases(files),
    ...findUnknownVariables(env, groups),
  ]
}

function findUnknownGroups({ file, sections }: FileIni, groups: readonly string[]): ConfigIssue[] {
  const unknown = sections.filter(({ name }) => !groups.includes(name))
  return unknown.map(({ name, line }) => ({
    origin: { from: 'file', file, line },
    section: name,
    option: null,
    message: name.startsWith('sp_')
      ? `is not read: service_providers does not name "${name.slice(3)}"${suggest(name, groups)}`
      : `is not read: there is no such group${suggest(name, groups)}`,
  }))
}

function findRenamedGroups({ file, sections }: FileIni): ConfigIssue[] {
  return sections.flatMap(({ name, line }): ConfigIssue[] => {
    const renamed = earlierGroups.get(name)
    if (renamed === undefined) return []
    const message = `is the earlier name of [${renamed}], and read as that: rename it`
    return [{ origin: { from: 'file', file, line }, section: name, option: null, message }]
  })
}

function findUnknownOption(assignment: Assignment, groups: readonly string[]): ConfigIssue[] {
  const { section, option, file, line } = assignment
  if (!groups.includes(section)) return []
  const message = reasonForIgnoring(section, option)
  const origin: Origin = { from: 'file', file, line }
  return message === null ? [] : [{ origin, section, option, message }]
}

function reasonForIgnoring(group: string, name: string): string | null {
  if (knownNames(group).includes(name)) return null
  const because = whyIgnored(group, name)
  return because === null
    ? `is not read: there is no such option${suggest(name, knownNames(group))}`
    : `has no effect: ${because}`
}

function isRepeatable({ section, option: name }: Assignment): boolean {
  return optionsOf(section).some(each => each.name === name && each.traits.repeats)
}

function findRepeated(assignments: readonly Assignment[]): ConfigIssue[] {
  const last = new Map(assignments.map(each => [`${each.section}.${each.option}`, each]))
  return assignments.flatMap(({ section, option, file, line }) => {
    const counts = last.get(`${section}.${option}`)
    if (!counts || counts.line === line) return []
    const message = `has no effect: line ${counts.line} gives it again`
    return [{ origin: { from: 'file', file, line }, section, option, message }]
  })
}

/** Find other names of an option that is also set under its own name. */
function findOverruledAliases(files: readonly FileIni[]): ConfigIssue[] {
  const assignments = files.flatMap(({ assignments }) => assignments)
  const given = (group: string, name: string) =>
    assignments.filter(({ section, option }) => section === group && option === name)
  return fixedGroups.flatMap(group =>
    optionsOf(group).flatMap(option => {
      if (given(group, option.name).length === 0) return []
      const [, ...aliases] = namesOf(group, option)
      const overruled = aliases.flatMap(([inGroup, name]) => given(inGroup, name))
      return overruled.map(({ file, line, section, option: name }): ConfigIssue => {
        const message = `has no effect: [${group}] ${option.name} is given, which is the same`
        return { origin: { from: 'file', file, line }, section, option: name, message }
      })
    }),
  )
}

/** Find variables of one of our groups that name no option. Variables of other software are ignored. */
function findUnknownVariables(env: Environment, groups: readonly string[]): ConfigIssue[] {
  return Object.keys(env).flatMap(variable => {
    const group = groups.find(each => variable.startsWith(variableOf(each, '')))
    if (group === undefined) return findUnknownCloud(variable)
    const known = knownNames(group)
    if (known.some(name => variableOf(group, name) === variable)) return []
    const name = variable.slice(variableOf(group, '').length).toLowerCase()
    const message = reasonForIgnoring(group, name)
    const origin: Origin = { from: 'environment', variable }
    return message === null ? [] : [{ origin, section: group, option: name, message }]
  })
}

function findUnknownCloud(variable: string): ConfigIssue[] {
  if (!/^OS_SP_.+__/.test(variable)) return []
  const message = 'is not read: service_providers names no such cloud'
  return [{ origin: { from: 'environment', variable }, section: null, option: null, message }]
}

/** All names that are read in a group: its options, and other names of options of other groups. */
function knownNames(group: string): string[] {
  return [...fixedGroups, group].flatMap(each =>
    optionsOf(each)
      .flatMap(option => namesOf(each, option))
      .flatMap(([inGroup, name]) => (inGroup === group ? [name] : [])),
  )
}

function suggest(name: string, known: readonly string[]): string {
  const nearest = findNearest(name, known)
  return nearest === null ? '' : `. Is it ${nearest}?`
}
