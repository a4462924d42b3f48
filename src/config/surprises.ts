import { earlierGroups, fixedGroups, groupOf, namesOf, optionsOf, variableOf } from './groups.js'
import { ineffectiveGroups, whyIneffective } from './ineffective.js'
import { nearest } from './nearest.js'
import type { Assignment } from './oslo-ini.js'
import type { Finding, Origin } from './problem.js'
import { findCutValues } from './second-opinion.js'
import type { Environment, FileIni } from './settings.js'

/** What is given but changes nothing: unknown, without effect, or overruled in the same file. */
export function findSurprises(
  files: readonly FileIni[],
  env: Environment,
  clouds: readonly string[],
): readonly Finding[] {
  const groups = [
    ...fixedGroups,
    ...earlierGroups.keys(),
    ...ineffectiveGroups,
    ...clouds.map(groupOf),
  ]
  return [
    ...files.flatMap(file => [
      ...unknownGroups(file, groups),
      ...renamedGroups(file),
      ...file.assignments.flatMap(each => unknownOption(each, groups)),
      ...findCutValues(file.assignments),
      ...givenTwice(file.assignments.filter(each => !isRepeatable(each))),
    ]),
    ...overruledAliases(files),
    ...unknownVariables(env, groups),
  ]
}

function unknownGroups({ file, sections }: FileIni, groups: readonly string[]): Finding[] {
  const unknown = sections.filter(({ name }) => !groups.includes(name))
  return unknown.map(({ name, line }) => ({
    origin: { from: 'file', file, line },
    section: name,
    option: null,
    message: name.startsWith('sp_')
      ? `is not read: service_providers does not name "${name.slice(3)}"${perhaps(name, groups)}`
      : `is not read: there is no such group${perhaps(name, groups)}`,
  }))
}

function renamedGroups({ file, sections }: FileIni): Finding[] {
  return sections.flatMap(({ name, line }): Finding[] => {
    const renamed = earlierGroups.get(name)
    if (renamed === undefined) return []
    const message = `is the earlier name of [${renamed}], and read as that: rename it`
    return [{ origin: { from: 'file', file, line }, section: name, option: null, message }]
  })
}

function unknownOption(assignment: Assignment, groups: readonly string[]): Finding[] {
  const { section, option, file, line } = assignment
  if (!groups.includes(section)) return []
  const message = whySurprising(section, option)
  const origin: Origin = { from: 'file', file, line }
  return message === null ? [] : [{ origin, section, option, message }]
}

function whySurprising(group: string, name: string): string | null {
  if (knownNames(group).includes(name)) return null
  const because = whyIneffective(group, name)
  return because === null
    ? `is not read: there is no such option${perhaps(name, knownNames(group))}`
    : `has no effect: ${because}`
}

function isRepeatable({ section, option: name }: Assignment): boolean {
  return optionsOf(section).some(each => each.name === name && each.traits.repeats)
}

function givenTwice(assignments: readonly Assignment[]): Finding[] {
  const last = new Map(assignments.map(each => [`${each.section}.${each.option}`, each]))
  return assignments.flatMap(({ section, option, file, line }) => {
    const counts = last.get(`${section}.${option}`)
    if (!counts || counts.line === line) return []
    const message = `has no effect: line ${counts.line} gives it again`
    return [{ origin: { from: 'file', file, line }, section, option, message }]
  })
}

/** Other names of an option that is given by its own name too. */
function overruledAliases(files: readonly FileIni[]): Finding[] {
  const assignments = files.flatMap(({ assignments }) => assignments)
  const given = (group: string, name: string) =>
    assignments.filter(({ section, option }) => section === group && option === name)
  return fixedGroups.flatMap(group =>
    optionsOf(group).flatMap(option => {
      if (given(group, option.name).length === 0) return []
      const [, ...aliases] = namesOf(group, option)
      const overruled = aliases.flatMap(([inGroup, name]) => given(inGroup, name))
      return overruled.map(({ file, line, section, option: name }): Finding => {
        const message = `has no effect: [${group}] ${option.name} is given, which is the same`
        return { origin: { from: 'file', file, line }, section, option: name, message }
      })
    }),
  )
}

/** Variables of one of our groups that name no option of it; those of other software are not ours. */
function unknownVariables(env: Environment, groups: readonly string[]): Finding[] {
  return Object.keys(env).flatMap(variable => {
    const group = groups.find(each => variable.startsWith(variableOf(each, '')))
    if (group === undefined) return unknownCloud(variable)
    const known = knownNames(group)
    if (known.some(name => variableOf(group, name) === variable)) return []
    const name = variable.slice(variableOf(group, '').length).toLowerCase()
    const message = whySurprising(group, name)
    const origin: Origin = { from: 'environment', variable }
    return message === null ? [] : [{ origin, section: group, option: name, message }]
  })
}

function unknownCloud(variable: string): Finding[] {
  if (!/^OS_SP_.+__/.test(variable)) return []
  const message = 'is not read: service_providers names no such cloud'
  return [{ origin: { from: 'environment', variable }, section: null, option: null, message }]
}

/** All names that count in a group: of its options, and those that stand for options elsewhere. */
function knownNames(group: string): string[] {
  return [...fixedGroups, group].flatMap(each =>
    optionsOf(each)
      .flatMap(option => namesOf(each, option))
      .flatMap(([inGroup, name]) => (inGroup === group ? [name] : [])),
  )
}

function perhaps(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === null ? '' : `. Is it ${meant}?`
}
