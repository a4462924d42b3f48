import type { Option } from './option.js'
import { options } from './options.js'

/** The groups of every configuration, in the order of the sample. Each cloud has one more group. */
export const fixedGroups: readonly string[] = Object.keys(options).filter(name => name !== 'sp')

/** Earlier names of groups in the Python mixmatch, with their names now. */
export const earlierGroups: ReadonlyMap<string, string> = new Map([['keystone', 'auth']])

/** `cornmeal-sp` → `sp_cornmeal-sp`, in lower case, because group names are compared in lower case. */
export function groupOf(cloud: string): string {
  return `sp_${cloud.toLowerCase()}`
}

/** The options of a group; empty for an unknown group. All groups `sp_…` have the same options. */
export function optionsOf(group: string): readonly Option<unknown>[] {
  if (group.startsWith('sp_')) return Object.values(options.sp)
  const known = Object.entries(options).find(([name]) => name === group && name !== 'sp')
  return known ? Object.values(known[1]) : []
}

/** All groups and names with which an option can be set; its own name is the first. */
export function namesOf(group: string, option: Option<unknown>): readonly [string, string][] {
  const earlier = [...earlierGroups].filter(([, name]) => name === group)
  const aliases = option.traits.aliases ?? []
  const others = earlier.map(([name]) => `${name}.${option.name}`)
  return [option.name, ...aliases, ...others].map(name => {
    const [other, inOther] = name.split('.')
    return other && inOther ? [other, inOther] : [group, name]
  })
}

/** `[sp_cornmeal-sp] auth_url` → `OS_SP_CORNMEAL_SP__AUTH_URL`, as in oslo.config. */
export function variableOf(group: string, option: string): string {
  return `OS_${group}__${option}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}
