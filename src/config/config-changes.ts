import type { SpName } from '../ids.js'
import type { Settings } from './effective-settings.js'
import { fixedGroups, groupOf, optionsOf, variableOf } from './groups.js'
import { MASK } from './secret.js'

/** An option whose value has changed. */
export interface OptionChange {
  readonly group: string
  readonly option: string
  /** As in the file; `***` for a secret, null if it is not set. */
  readonly before: string | null
  readonly after: string | null
  /** Whether the new value takes effect only after a restart. */
  readonly restarts: boolean
}

type Read = Readonly<{ settings: Settings; cloudNames: readonly SpName[] }>

/** Compare two readings of the configuration, also the options of clouds that were added or removed. */
export function compareSettings(before: Read, after: Read): readonly OptionChange[] {
  const clouds = new Set([...before.cloudNames, ...after.cloudNames].map(groupOf))
  return [...fixedGroups, ...clouds].flatMap(group =>
    optionsOf(group).flatMap((option): OptionChange[] => {
      const [old, fresh] = [before, after].map(({ settings }) => settings.effective(group, option))
      if (!old || !fresh || old.text === fresh.text) return []
      const isSecret = old.secret || fresh.secret
      const shown = (text: string | null) => (isSecret && text !== null ? MASK : text)
      return [
        {
          group,
          option: option.name,
          before: shown(old.text),
          after: shown(fresh.text),
          restarts: option.traits.restarts ?? false,
        },
      ]
    }),
  )
}

/**
 * The options that take effect only after a restart, as environment variables. With these, child processes
 * get the values of their supervisor, even if the files have changed since its start.
 */
export function pinRestartOptions(settings: Settings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fixedGroups.flatMap(group =>
      optionsOf(group)
        .filter(({ traits }) => traits.restarts)
        .map(option => [
          variableOf(group, option.name),
          settings.effective(group, option).text ?? '',
        ]),
    ),
  )
}
