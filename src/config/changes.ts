import type { SpName } from '../ids.js'
import { fixedGroups, groupOf, optionsOf, variableOf } from './groups.js'
import { MASK } from './secret.js'
import type { Settings } from './settings.js'

/** An option that has another value than before. */
export interface Change {
  readonly group: string
  readonly option: string
  /** As it is written; `***` for a secret, null where it is not set. */
  readonly before: string | null
  readonly after: string | null
  /** Whether the new value counts only after a new start. */
  readonly restarts: boolean
}

type Read = Readonly<{ settings: Settings; cloudNames: readonly SpName[] }>

/** What is different between two readings of the configuration, clouds that came or went included. */
export function changesBetween(before: Read, after: Read): readonly Change[] {
  const clouds = new Set([...before.cloudNames, ...after.cloudNames].map(groupOf))
  return [...fixedGroups, ...clouds].flatMap(group =>
    optionsOf(group).flatMap((option): Change[] => {
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
 * The options that only a new start changes, as variables of the environment: processes that are
 * started with these agree on them, whatever the files say by then.
 */
export function pinned(settings: Settings): Readonly<Record<string, string>> {
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
