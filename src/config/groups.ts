import type { Option } from './option.js'
import { options } from './options.js'

/** The groups that are always there, in the order of the sample; clouds have one each besides. */
export const fixedGroups: readonly string[] = Object.keys(options).filter(name => name !== 'sp')

/** Names that groups had in earlier releases of the Python mixmatch, and have no more. */
export const earlierGroups: ReadonlyMap<string, string> = new Map([['keystone', 'auth']])

/** `cornmeal-sp` → `sp_cornmeal-sp`, in the case in which group names are compared. */
export function groupOf(cloud: string): string {
  return `sp_${cloud.toLowerCase()}`
}

/** The options that a group can have; none for one that is not known. Those of `sp_…` are alike. */
export function optionsOf(group: string): readonly Option<unknown>[] {
  if (group.startsWith('sp_')) return Object.values(options.sp)
  const known = Object.entries(options).find(([name]) => name === group && name !== 'sp')
  return known ? Object.values(known[1]) : []
}

/** Every name under which an option can be given, as group and name, its own first. */
export function namesOf(group: string, option: Option<unknown>): readonly [string, string][] {
  const earlier = [...earlierGroups].filter(([, name]) => name === group)
  const aliases = option.traits.aliases ?? []
  const others = earlier.map(([name]) => `${name}.${option.name}`)
  return [option.name, ...aliases, ...others].map(name => {
    const [other, inOther] = name.split('.')
    return other && inOther ? [other, inOther] : [group, name]
  })
}

/** `[sp_cornmeal-sp] auth_url` → `OS_SP_CORNMEAL_SP__AUTH_URL`, as oslo.config has it. */
export function variableOf(group: string, option: string): string {
  return `OS_${group}__${option}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}
