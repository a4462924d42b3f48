import { resolve } from 'node:path'
import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'
import { type CertificateTrust, readTrust } from './certificate-trust.js'
import { type CloudConfig, readCloudNames, readClouds } from './clouds.js'
import { type ConfigIssue, formatIssue, sortIssues } from './config-issue.js'
import { type Credentials, readCredentials } from './credentials.js'
import { createSettings, type Environment, type Settings } from './effective-settings.js'
import { type ConfigSource, findFiles, searchedFiles } from './find-files.js'
import { type OpsConfig, readOps } from './ops-config.js'
import { options } from './options.js'
import { parseOsloIni } from './oslo-ini.js'
import { Secret } from './secret.js'
import { findWarnings } from './warnings.js'

/** The values of `mixmatch.conf` and the environment. Only this folder knows their format. */
export interface Config {
  readonly server: {
    readonly host: string
    readonly port: number
    readonly workers: number | 'auto'
    /** Without a slash at the end; null if the Host header of each request is used. */
    readonly publicEndpoint: string | null
    /** Addresses and networks, such as `10.0.0.0/8`. */
    readonly trustedProxies: readonly string[]
    /** Concurrent requests of one worker; null for no limit. */
    readonly maxRequests: number | null
    readonly gracefulTimeoutMs: number
    /** The secret that the proxy shares with a front that moves image data itself; null if there is none. */
    readonly offloadSecret: Secret | null
    /** How long the health check fails before the port is closed. */
    readonly drainDelayMs: number
    /** Absolute path of a file that makes the health check fail; null if there is none. */
    readonly healthcheckDisableFile: string | null
  }
  readonly upstream: {
    readonly connectTimeoutMs: number
    readonly headersTimeoutMs: number
    readonly idleTimeoutMs: number
  }
  readonly routing: {
    readonly searchByBroadcast: boolean
    readonly aggregation: boolean
    readonly aggregationErrors: 'partial' | 'fail'
    /** How long a list or a search may wait for one cloud. */
    readonly aggregationTimeoutMs: number
  }
  readonly auth: CertificateTrust & {
    readonly authUrl: string
    readonly wwwAuthenticateUri: string
    /** The user of Mixmatch itself; null if it has none. Forwarding does not need one. */
    readonly credentials: Credentials | null
    /** A token with one of these roles belongs to a service. */
    readonly serviceTokenRoles: readonly string[]
    readonly cacheSeconds: number
  }
  readonly notification: {
    readonly exchanges: readonly string[]
    /** Whether they are not configured. */
    readonly exchangesAreDefault: boolean
    /** null for no limit. */
    readonly queueMaxBytes: number | null
    /** null for never. */
    readonly queueExpiresMs: number | null
    /** When the recorder compares the views with the clouds by itself, as `reconcile` does. */
    readonly reconcile: 'never' | 'first' | 'gaps'
  }
  readonly database: {
    /** The event log, an absolute path. */
    readonly file: string
  }
  readonly logging: {
    readonly debug: boolean
    /** Absolute path; null for standard error. */
    readonly file: string | null
    /** null if it is not set: then text on a terminal, and JSON lines otherwise. */
    readonly json: boolean | null
  }
  readonly ops: OpsConfig
  readonly fleet: {
    /** The stream that all nodes share (`parseStreamUrl`); null for a single machine. */
    readonly stream: string | null
  }
  /** In the order of `service_providers`, with the identity provider, `default`. */
  readonly clouds: readonly CloudConfig[]
}

export interface ConfigPlace {
  /** The values of `--config-file` and `--config-dir`, in order; empty to search the usual files. */
  readonly sources?: readonly ConfigSource[]
  readonly cwd: string
  readonly env: Environment
}

export interface CheckedConfig {
  /** null if there are problems. */
  readonly config: Config | null
  readonly problems: readonly ConfigIssue[]
  readonly warnings: readonly ConfigIssue[]
  /** The paths of the files that were read. */
  readonly files: readonly string[]
  /** The names in `service_providers` that could be read. */
  readonly cloudNames: readonly SpName[]
  /** Each option with its value and the place where it is set. */
  readonly settings: Settings
}

/**
 * Read the configuration: the environment overrides the files.
 *
 * @throws CONFIG_NOT_FOUND
 * @throws CONFIG_INVALID with all problems in the message, one on each line
 */
export function readConfig(place: ConfigPlace): Config {
  const { config, problems } = checkConfig(place)
  if (config) return config
  throw new MixmatchError('CONFIG_INVALID', problems.map(formatIssue).join('\n'))
}

/**
 * Read the configuration, with all its problems and warnings.
 *
 * @throws CONFIG_NOT_FOUND if there is no file, and the environment names no clouds either
 */
export function checkConfig({ sources = [], cwd, env }: ConfigPlace): CheckedConfig {
  const found = findFiles(sources, cwd)
  const files = found.texts.map(({ file, text }) => ({ file, ...parseOsloIni(text, file) }))
  const settings = createSettings(files, env)
  if (files.length === 0 && found.problems.length === 0 && !namesClouds(settings)) {
    throw new MixmatchError(
      'CONFIG_NOT_FOUND',
      `No configuration: looked for ${searchedFiles.join(', ')}.${describeHidden(found.hidden)} ` +
        'Begin with etc/mixmatch.conf.sample, or name a file with --config-file.',
    )
  }
  const cloudNames = readCloudNames(settings)
  const config = buildConfig(settings, cloudNames, cwd)
  // If a file could not be read, all further findings would be wrong.
  const isWhole = found.problems.length === 0
  const problems = isWhole
    ? sortIssues([...files.flatMap(({ problems }) => problems), ...settings.problems])
    : found.problems
  return {
    config: problems.length > 0 ? null : config,
    problems,
    warnings: isWhole
      ? sortIssues([...findWarnings(files, env, cloudNames), ...settings.warnings])
      : [],
    files: files.map(({ file }) => file),
    cloudNames,
    settings,
  }
}

function describeHidden(hidden: readonly string[]): string {
  return hidden.length === 0 ? '' : ` No permission to look for ${hidden.join(', ')}.`
}

function namesClouds(settings: Settings): boolean {
  return settings.isSet('DEFAULT', options.DEFAULT.serviceProviders)
}

function buildConfig(settings: Settings, cloudNames: readonly SpName[], cwd: string): Config {
  const { DEFAULT: general, auth, database, fleet } = options
  const authUrl = settings.read('auth', auth.authUrl)
  const logFile = settings.read('DEFAULT', general.logFile)
  const offloadSecret = settings.read('DEFAULT', general.offloadSecret)
  const disableFile = settings.read('DEFAULT', general.healthcheckDisableFile)
  return {
    server: {
      host: settings.read('DEFAULT', general.host),
      port: settings.read('DEFAULT', general.port),
      workers: settings.read('DEFAULT', general.workers),
      publicEndpoint: settings.read('DEFAULT', general.publicEndpoint),
      trustedProxies: settings.read('DEFAULT', general.trustedProxies),
      maxRequests: settings.read('DEFAULT', general.maxRequests),
      gracefulTimeoutMs: settings.read('DEFAULT', general.gracefulTimeout),
      offloadSecret: offloadSecret === null ? null : new Secret(offloadSecret),
      drainDelayMs: settings.read('DEFAULT', general.drainDelay) * 1000,
      healthcheckDisableFile: disableFile === null ? null : resolve(cwd, disableFile),
    },
    upstream: {
      connectTimeoutMs: settings.read('DEFAULT', general.connectTimeout),
      headersTimeoutMs: settings.read('DEFAULT', general.headersTimeout),
      idleTimeoutMs: settings.read('DEFAULT', general.idleTimeout),
    },
    routing: {
      searchByBroadcast: settings.read('DEFAULT', general.searchByBroadcast),
      aggregation: settings.read('DEFAULT', general.aggregation),
      aggregationErrors: settings.read('DEFAULT', general.aggregationErrors),
      aggregationTimeoutMs: settings.read('DEFAULT', general.aggregationTimeout),
    },
    auth: {
      authUrl,
      wwwAuthenticateUri: settings.read('auth', auth.wwwAuthenticateUri) ?? authUrl,
      ...readTrust(settings, 'auth', auth, cwd),
      credentials: readCredentials(settings, 'auth', auth, cwd),
      serviceTokenRoles: settings.read('auth', auth.serviceTokenRoles),
      cacheSeconds: settings.read('DEFAULT', general.cacheTime),
    },
    notification: {
      exchanges: settings.read('DEFAULT', general.notificationExchanges),
      exchangesAreDefault: !settings.isSet('DEFAULT', general.notificationExchanges),
      queueMaxBytes: settings.read('DEFAULT', general.queueMaxBytes),
      queueExpiresMs: settings.read('DEFAULT', general.queueExpires),
      reconcile: settings.read('DEFAULT', general.reconcile),
    },
    database: { file: resolve(cwd, settings.read('database', database.connection)) },
    logging: {
      debug: settings.read('DEFAULT', general.debug),
      file: logFile === null ? null : resolve(cwd, logFile),
      json: settings.read('DEFAULT', general.useJson),
    },
    ops: readOps(settings, cwd),
    fleet: { stream: settings.read('fleet', fleet.stream) },
    clouds: readClouds(settings, cloudNames, authUrl, cwd),
  }
}
