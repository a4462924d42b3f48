import type { CheckedConfig } from './config.js'
import { formatOrigin } from './config-issue.js'
import type { EffectiveValue } from './effective-settings.js'
import { fixedGroups, groupOf, optionsOf } from './groups.js'
import type { Option } from './option.js'
import { MASK } from './secret.js'

/** An option and its effective value. Secrets are `***`. */
interface ShownOption {
  readonly group: string
  readonly option: string
  /** null if it is not set. */
  readonly value: string | null
  /** Whether it has its default. */
  readonly default: boolean
  /** `etc/mixmatch.conf:12`, `$OS_AUTH__PASSWORD`; null for a default. */
  readonly source: string | null
  /** What is used instead if it is not set: `auth_url`. */
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

/** Render the options as a file. It can be read back, except for masked values. */
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
  if (!isDefault) return value === null ? `${option} =` : `${option} = ${quoteIfNeeded(value)}`
  return value === null || value === ''
    ? `# default: ${option} is ${otherwise ?? 'not set'}`
    : `# default: ${option} = ${quoteIfNeeded(value)}`
}

function shownValue(option: Option<unknown>, { text, secret }: EffectiveValue): string | null {
  if (text === null || text === '') return text
  if (secret) return option.kind.mask?.(text) ?? MASK
  return option.kind.items?.(text).join(', ') ?? text
}

/** Quote a value if it would not be read back as the same text. */
function quoteIfNeeded(value: string): string {
  const plain = value.replaceAll('$', '$$$$')
  return /^\s|\s$|^(["']).*\1$/.test(plain) ? `"${plain}"` : plain
}
