import type { Credentials } from '../config/credentials.js'
import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { publicEndpoints } from './catalog.js'
import type { Access } from './identity.js'
import { federate } from './k2k.js'
import { listProjects, scopeToken } from './keystone.js'
import type { TokenDescription } from './keystone-responses.js'
import type { Keystones, ServiceProvider } from './keystones.js'
import { logIn } from './service-login.js'
import type { Token } from './token.js'

/** The role to which Glance and Cinder show the resources of all projects. */
export const ADMIN = 'admin'

/** A token of Mixmatch's own user at a cloud. */
export interface ServiceAccess extends Access {
  /** Its roles in the project. */
  readonly roles: readonly string[]
  /** Milliseconds since 1970; `Infinity` for a token that never expires. */
  readonly expiresAtMs: number
}

/** Mixmatch's own user, for requests that Mixmatch does not send for another user. */
export interface ServiceIdentity {
  /**
   * A token at a cloud. It is reused until shortly before it expires.
   *
   * @throws NOT_AUTHENTICATED if a password is rejected or there is none,
   * NO_PROJECT_AT_SERVICE_PROVIDER if a cloud does not admit the user, and what `federate` throws
   */
  access(at: SpName): Promise<ServiceAccess>
  /** Do not use this token again: a cloud answered 401 to it. */
  forget(at: SpName, token: Token): void
}

interface ServiceIdentityOptions {
  readonly keystones: Keystones
  /** The user of `[auth]`; null if there is none. */
  readonly ownCredentials: Credentials | null
  /** Mixmatch's local user at that cloud; null if the user of `ownCredentials` is federated to it. */
  readonly credentialsAt: (cloud: SpName) => Credentials | null
  /** Federation prefers a project in which the user has one of these roles. */
  readonly wantedRoles: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface Login {
  readonly token: Token
  readonly description: TokenDescription
}

/** One page of a long list can take a minute, and needs the token for that long. */
const MARGIN_MS = 90_000
/** A service user has a few projects at a cloud. Each one that is tried costs one request. */
const MAX_PROJECTS = 20

/**
 * Mixmatch's own identity. At a cloud with credentials in its `[sp_…]` it logs in with those, at the
 * identity provider with those of `[auth]`. At any other cloud the user of `[auth]` logs in by
 * Keystone-to-Keystone federation, to the first project in which it has a wanted role.
 */
export function createServiceIdentity(options: ServiceIdentityOptions): ServiceIdentity {
  const { keystones, ownCredentials, credentialsAt, now } = options
  const current = new Map<SpName, ServiceAccess>()
  const running = new Map<SpName, Promise<ServiceAccess>>()

  async function logInAt(at: SpName): Promise<ServiceAccess> {
    const serviceProvider = keystones.at(at)
    const credentials = credentialsAt(at)
    const login = await (credentials
      ? logIn(serviceProvider, credentials)
      : logInAsOwnUser(serviceProvider))
    const access = accessOf(serviceProvider, login)
    current.set(at, access)
    return access
  }

  async function logInAsOwnUser(serviceProvider: ServiceProvider): Promise<Login> {
    if (!ownCredentials) throw noCredentials(serviceProvider.name)
    const login = await logIn(keystones.home, ownCredentials)
    return serviceProvider.name === IDENTITY_PROVIDER
      ? login
      : federateService(login.token, serviceProvider, options)
  }

  /** All calls during a login wait for that login. */
  function startLogin(at: SpName): Promise<ServiceAccess> {
    const login = logInAt(at).finally(() => running.delete(at))
    running.set(at, login)
    return login
  }

  return {
    async access(at) {
      const access = current.get(at)
      if (access && access.expiresAtMs - MARGIN_MS > now()) return access
      return running.get(at) ?? startLogin(at)
    },
    forget(at, token) {
      if (current.get(at)?.token.digest === token.digest) current.delete(at)
    },
  }
}

/** @throws NO_PROJECT_AT_SERVICE_PROVIDER */
function accessOf(
  { peer, region, isAllowed }: ServiceProvider,
  { token, description }: Login,
): ServiceAccess {
  const { project, roles, catalog, expiresAtMs } = description
  if (!project) {
    const message = `${peer}: a token for a project was asked for, and one for none came.`
    throw new MixmatchError('NO_PROJECT_AT_SERVICE_PROVIDER', message)
  }
  const endpoints = publicEndpoints(catalog, region, isAllowed)
  return { token, project, endpoints, roles, expiresAtMs }
}

/** Log in by federation, to the first project with a wanted role. If there is none, to the first project. */
async function federateService(
  token: Token,
  serviceProvider: ServiceProvider,
  { keystones, wantedRoles, now }: ServiceIdentityOptions,
): Promise<Login> {
  const unscoped = await federate(keystones.home, serviceProvider, token, now)
  if (!unscoped) throw notAdmitted(serviceProvider)
  const projects = await listProjects(serviceProvider, unscoped.token)
  let first: Login | undefined
  for (const { id } of projects.slice(0, MAX_PROJECTS)) {
    const login = await scopeToken(serviceProvider, unscoped.token, id)
    if (login.description.roles.some(role => wantedRoles.includes(role))) return login
    first ??= login
  }
  if (!first) throw notAdmitted(serviceProvider)
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
