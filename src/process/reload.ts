import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Logger } from 'pino'
import type { CheckedConfig, Config } from '../config/config.js'
import { compareSettings, type OptionChange, pinRestartOptions } from '../config/config-changes.js'
import { formatIssue } from '../config/config-issue.js'
import type { Environment } from '../config/effective-settings.js'
import { fixedGroups, groupOf, optionsOf } from '../config/groups.js'
import { MixmatchError } from '../errors.js'

/** A configuration that was read without problems. */
export type ValidConfig = CheckedConfig & { readonly config: Config }

/** Read the configuration again, with these variables in addition to those of the environment. */
export type ReadAgain = (variables?: Environment) => CheckedConfig

interface ReloadOptions {
  /** The configuration with which the process was started. */
  readonly first: ValidConfig
  readonly read: ReadAgain
  /** Apply it. Its options that need a restart have their first values. If it throws, the error is logged, and some processes may keep the old configuration. */
  readonly apply: (loaded: ValidConfig) => Promise<void>
  readonly onResult: (result: 'taken' | 'refused' | 'failed') => void
  readonly logger: Logger
}

/**
 * Create a function that reloads the configuration. An invalid configuration is rejected as a whole, and
 * the old one stays in force. An unchanged one is not applied again. Calls during a reload cause one more
 * reload after it.
 */
export function createReload(options: ReloadOptions): () => Promise<void> {
  const { first, apply, onResult, logger } = options
  let last = first
  let inForce: string | null = fingerprintOf(first)
  let running: Promise<void> | undefined
  let again = false

  async function reloadOnce(): Promise<void> {
    const loaded = readAgain(options)
    if (!loaded) {
      onResult('refused')
      return
    }
    const changes = changesFrom(first, last, loaded)
    logChanges(changes, logger)
    last = loaded
    const fingerprint = fingerprintOf(loaded)
    if (fingerprint === inForce) {
      onResult('taken')
      if (changes.length === 0) logger.info('the configuration is unchanged: nothing is restarted')
      else logger.warn('nothing is restarted: all that is different needs a restart to count')
      return
    }
    try {
      await apply(loaded)
      inForce = fingerprint
      onResult('taken')
      logger.info('the configuration was read again')
    } catch (error) {
      inForce = null // some processes may have the new one
      onResult('failed')
      logger.error({ err: error }, 'the new configuration could not be taken everywhere')
    }
  }

  async function reload(): Promise<void> {
    do {
      again = false
      try {
        await reloadOnce()
      } catch (error) {
        onResult('failed')
        logger.error({ err: error }, 'the configuration could not be read again')
      }
    } while (again)
    running = undefined
  }

  return () => {
    again = true
    running ??= reload()
    return running
  }
}

/**
 * Read the settings as they are now. In the configuration made of them, the options that need a restart keep their
 * first values: the log and the port that are open stay those that everything refers to.
 */
function readAgain({ first, read, logger }: ReloadOptions): ValidConfig | null {
  try {
    const { warnings, ...rest } = read()
    const { config, problems } = rest.config ? read(pinRestartOptions(first.settings)) : rest
    for (const problem of problems) logger.error(formatIssue(problem))
    if (config) {
      for (const warning of warnings) logger.warn(formatIssue(warning))
      return { ...rest, config, problems, warnings }
    }
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    logger.error({ code: error.code }, error.message)
  }
  logger.error('the configuration is wrong, and the old one stays')
  return null
}

/**
 * A digest of everything that a reload can change: the options that need no restart, and the files that
 * they name.
 */
function fingerprintOf({ settings, cloudNames, config }: ValidConfig): string {
  const groups = [...fixedGroups, ...cloudNames.map(groupOf)]
  const texts = groups.flatMap(group =>
    optionsOf(group)
      .filter(({ traits }) => !traits.restarts)
      .map(option => [group, option.name, settings.effective(group, option).text]),
  )
  const contents = [config.auth, ...config.clouds].map(({ cafile, credentials }) => [
    cafile === null ? null : statSync(cafile, { throwIfNoEntry: false })?.mtimeMs,
    credentials?.password.reveal(),
  ])
  return createHash('sha256')
    .update(JSON.stringify([texts, contents]))
    .digest('hex')
}

/** What changed since the last reload, and for options that need a restart, since the start. */
function changesFrom(
  first: ValidConfig,
  last: ValidConfig,
  loaded: ValidConfig,
): readonly OptionChange[] {
  return [
    ...compareSettings(last, loaded).filter(({ restarts }) => !restarts),
    ...compareSettings(first, loaded).filter(({ restarts }) => restarts),
  ]
}

function logChanges(changes: readonly OptionChange[], logger: Logger): void {
  for (const { restarts, ...change } of changes) {
    if (restarts) logger.warn(change, 'an option is different, and needs a restart to count')
    else logger.info(change, 'an option has a new value')
  }
}
