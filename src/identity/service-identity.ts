import type { Credentials } from '../config/credentials.js'
import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { TokenDescription } from './answers.js'
import { endpointsOf } from './catalog.js'
import type { Access } from './identity.js'
import { enter } from './k2k.js'
import { listProjects, scope } from './keystone.js'
import type { Keystones, ServiceProvider } from './keystones.js'
import { logIn } from './service-login.js'
import type { Token } from './token.js'

/** Whom Glance and Cinder show what belongs to other projects, too. */
export const ADMIN = 'admin'

/** Mixmatch itself at a cloud. */
export interface ServiceAccess extends Access {
  /** Those that it has in the project. */
  readonly roles: readonly string[]
  readonly expiresAtMs: number
}

/** Who Mixmatch is where it acts on its own account, on behalf of no user. */
export interface ServiceIdentity {
  /**
   * A token at a cloud: the same until shortly before it ends, then a new one.
   *
   * @throws NOT_AUTHENTICATED where a password is refused or there is none,
   * NO_PROJECT_AT_SERVICE_PROVIDER where a cloud does not admit the user, and what `enter` throws
   */
  access(at: SpName): Promise<ServiceAccess>
  /** Do not use this token again: it was answered 401. */
  forget(at: SpName, token: Token): void
}

export interface ServiceIdentityOptions {
  readonly keystones: Keystones
  /** The user of `[auth]`; null where there is none. */
  readonly ownCredentials: Credentials | null
  /** What counts at a cloud instead of federation; null where there is nothing of the kind. */
  readonly credentialsAt: (cloud: SpName) => Credentials | null
  /** By what federation chooses a project: the first that gives one of these roles. */
  readonly wantedRoles: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface LoggedIn {
  readonly token: Token
  readonly description: TokenDescription
}

/** A page of a long list may take a minute to be answered, and needs its token that long. */
const MARGIN_MS = 90_000
/** A user with more projects than this at a cloud is no user for this. */
const MOST_PROJECTS = 20

/**
 * Mixmatch's own identity. At a cloud that has credentials of its own in the configuration they are
 * used; at the identity provider that of `[auth]`; anywhere else that user goes by
 * Keystone-to-Keystone federation, to the first project there that gives it a role that is wanted.
 */
export function createServiceIdentity(options: ServiceIdentityOptions): ServiceIdentity {
  const { keystones, ownCredentials, credentialsAt, now } = options
  const logins = new Map<SpName, Promise<ServiceAccess>>()
  const inUse = new Map<SpName, ServiceAccess>()

  async function logInAt(at: SpName): Promise<ServiceAccess> {
    const there = keystones.at(at)
    const credentials = credentialsAt(at)
    return accessOf(there, await (credentials ? logIn(there, credentials) : come(there)))
  }

  async function come(there: ServiceProvider): Promise<LoggedIn> {
    if (!ownCredentials) throw noCredentials(there.name)
    const login = await logIn(keystones.home, ownCredentials)
    if (there.name === IDENTITY_PROVIDER) return login
    return federate(login, there, options)
  }

  /** Whoever asks meanwhile waits for the same login. */
  function begin(at: SpName): Promise<ServiceAccess> {
    const login = logInAt(at)
      .then(fresh => {
        inUse.set(at, fresh)
        return fresh
      })
      .finally(() => logins.delete(at))
    logins.set(at, login)
    return login
  }

  return {
    async access(at) {
      const known = inUse.get(at)
      if (known && known.expiresAtMs - MARGIN_MS > now()) return known
      return logins.get(at) ?? begin(at)
    },
    forget(at, token) {
      if (inUse.get(at)?.token.digest === token.digest) inUse.delete(at)
    },
  }
}

/** @throws NO_PROJECT_AT_SERVICE_PROVIDER */
function accessOf(there: ServiceProvider, { token, description }: LoggedIn): ServiceAccess {
  const { project, roles, catalog, expiresAtMs } = description
  if (!project) {
    const message = `${there.peer}: a token for a project was asked for, and one for none came.`
    throw new MixmatchError('NO_PROJECT_AT_SERVICE_PROVIDER', message)
  }
  const endpoints = endpointsOf(catalog, there.region, there.isAllowed)
  return { token, project, endpoints, roles, expiresAtMs }
}

/** To the first of its projects with a role that is wanted, else to the first of all. */
async function federate(
  { token }: LoggedIn,
  there: ServiceProvider,
  { keystones, wantedRoles, now }: ServiceIdentityOptions,
): Promise<LoggedIn> {
  const entrance = await enter(keystones.home, there, token, now)
  if (!entrance) throw notAdmitted(there)
  const projects = await listProjects(there, entrance.unscoped)
  let first: LoggedIn | undefined
  for (const { id } of projects.slice(0, MOST_PROJECTS)) {
    const scoped = await scope(there, entrance.unscoped, id)
    if (scoped.description.roles.some(role => wantedRoles.includes(role))) return scoped
    first ??= scoped
  }
  if (!first) throw notAdmitted(there)
  return first
}

function notAdmitted({ peer, name }: ServiceProvider): MixmatchError {
  return new MixmatchError(
    'NO_PROJECT_AT_SERVICE_PROVIDER',
    `${peer}: the user of [auth] is not admitted there by federation. Let the mapping of that ` +
      `cloud admit it, or give [sp_${name}] a username, password and project_name of its own.`,
  )
}

function noCredentials(at: SpName): MixmatchError {
  return new MixmatchError(
    'NOT_AUTHENTICATED',
    `Mixmatch has no user of its own for "${at}": give [auth] or [sp_${at}] a username, password and ` +
      'project_name.',
  )
}
