import type { CheckedConfig } from './config.js'
import { fixedGroups, groupOf, optionsOf } from './groups.js'
import type { Option } from './option.js'
import { formatOrigin } from './problem.js'
import { MASK } from './secret.js'
import type { Effective } from './settings.js'

/** An option as it counts, fit to be shown: what is secret in it is `***`. */
export interface ShownOption {
  readonly group: string
  readonly option: string
  /** null where it is not set. */
  readonly value: string | null
  /** Whether it stands at its default. */
  readonly default: boolean
  /** `etc/mixmatch.conf:12`, `$OS_AUTH__PASSWORD`; null for a default. */
  readonly source: string | null
  /** What counts in its place where it is not set: `auth_url`. */
  readonly otherwise: string | null
}

/** All options of all groups, in the order of the sample. */
export function showOptions({ settings, cloudNames }: CheckedConfig): readonly ShownOption[] {
  const groups = [...fixedGroups, ...cloudNames.map(groupOf)]
  return groups.flatMap(group =>
    optionsOf(group).map(option => {
      const effective = settings.effective(group, option)
      return {
        group,
        option: option.name,
        value: shownValue(option, effective),
        default: effective.origin.from === 'default',
        source: formatOrigin(effective.origin) || null,
        otherwise: option.traits.otherwise ?? null,
      }
    }),
  )
}

/** The same as a file that reads back to the same, but for what is masked. */
export function renderOptions(shown: readonly ShownOption[]): string {
  const groups = [...new Set(shown.map(({ group }) => group))]
  return groups
    .map(group => {
      const lines = shown.filter(each => each.group === group).map(renderOption)
      return `[${group}]\n${lines.join('\n')}\n`
    })
    .join('\n')
}

function renderOption({ option, value, default: isDefault, otherwise }: ShownOption): string {
  if (!isDefault) return value === null ? `${option} =` : `${option} = ${written(value)}`
  return value === null || value === ''
    ? `# default: ${option} is ${otherwise ?? 'not set'}`
    : `# default: ${option} = ${written(value)}`
}

function shownValue(option: Option<unknown>, { text, secret }: Effective): string | null {
  if (text === null || text === '') return text
  if (secret) return option.kind.mask?.(text) ?? MASK
  return option.kind.items?.(text).join(', ') ?? text
}

/** As it must stand in a file to be read as this text. */
function written(value: string): string {
  const plain = value.replaceAll('$', '$$$$')
  return /^\s|\s$|^(["']).*\1$/.test(plain) ? `"${plain}"` : plain
}
