import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { ProjectId } from '../ids.js'
import { publicEndpoints } from './catalog.js'
import type { Access, Caller, Project } from './identity.js'
import { federate } from './k2k.js'
import { type Keystone, listProjects, scopeToken } from './keystone.js'
import type { ServiceProvider } from './keystones.js'
import type { Token } from './token.js'
import { type Expiring, TokenCache, type TokenCacheOptions } from './token-cache.js'

/** The session of one user at one service provider. */
export interface FederatedSession {
  readonly projects: readonly Project[]
  /**
   * A token scoped to one of the projects. The token is cached.
   *
   * @throws NO_PROJECT_AT_SERVICE_PROVIDER, FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE,
   * SERVICE_PROVIDER_TIMEOUT
   */
  access(project: ProjectId): Promise<Access>
  /** The token if it is cached; else undefined. `access` would return it, too, but later. */
  cachedAccess(project: ProjectId): Access | undefined
}

interface FederatedSessionParts extends Pick<TokenCacheOptions, 'cacheSeconds' | 'now'> {
  readonly identityProvider: Keystone
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** A token that expires within this time is not used any more: it must stay valid during the request. */
export const MARGIN_MS = 30_000
/** A user who is not admitted now may be admitted soon, so this is cached for a shorter time. */
const NOT_ADMITTED_MS = 30_000
/** How many projects of one user at one cloud are cached. */
const MAX_PROJECTS = 100

/**
 * Log in the user of a token at a service provider. A user who is not admitted has no projects.
 *
 * @throws as `federate` and `listProjects`
 */
export async function createFederatedSession(
  token: Token,
  caller: Caller,
  serviceProvider: ServiceProvider,
  parts: FederatedSessionParts,
): Promise<Expiring<FederatedSession>> {
  const { identityProvider, logger, now } = parts
  const about = { service_provider: serviceProvider.name, user: caller.userId }
  try {
    const unscoped = await federate(identityProvider, serviceProvider, token, now)
    const projects = unscoped ? await listProjects(serviceProvider, unscoped.token) : []
    logger.debug({ ...about, projects: projects.length }, 'federated')
    if (!unscoped || projects.length === 0) {
      return { value: emptySession(serviceProvider), untilMs: now() + NOT_ADMITTED_MS }
    }
    const session = sessionOf(unscoped.token, serviceProvider, projects, parts)
    const untilMs = Math.min(unscoped.expiresAtMs, caller.expiresAtMs) - MARGIN_MS
    return { value: session, untilMs }
  } catch (error) {
    if (error instanceof MixmatchError) logger.warn({ ...about, code: error.code }, error.message)
    throw error
  }
}

function sessionOf(
  unscoped: Token,
  serviceProvider: ServiceProvider,
  projects: readonly Project[],
  { cacheSeconds, now }: FederatedSessionParts,
): FederatedSession {
  const cache = new TokenCache<Access>({ capacity: MAX_PROJECTS, cacheSeconds, now })
  return {
    projects,
    async access(project) {
      if (!projects.some(({ id }) => id === project)) throw noProject(serviceProvider, project)
      return cache.get(project, () => accessProject(project, unscoped, serviceProvider))
    },
    cachedAccess: project => cache.find(project),
  }
}

function emptySession(serviceProvider: ServiceProvider): FederatedSession {
  return {
    projects: [],
    async access(project) {
      throw noProject(serviceProvider, project)
    },
    cachedAccess: () => undefined,
  }
}

async function accessProject(
  wanted: ProjectId,
  unscoped: Token,
  serviceProvider: ServiceProvider,
): Promise<Expiring<Access>> {
  const { token, description } = await scopeToken(serviceProvider, unscoped, wanted)
  const { project, catalog, expiresAtMs } = description
  if (!project || project.id !== wanted) {
    throw new MixmatchError(
      'FEDERATION_FAILED',
      `${serviceProvider.peer}: a token for project ${wanted} was asked for, and one for ` +
        `${project ? `project ${project.id}` : 'no project'} came.`,
    )
  }
  const { region, isAllowed } = serviceProvider
  const endpoints = publicEndpoints(catalog, region, isAllowed)
  return { value: { token, project, endpoints }, untilMs: expiresAtMs - MARGIN_MS }
}

function noProject({ peer }: ServiceProvider, project: ProjectId): MixmatchError {
  return new MixmatchError(
    'NO_PROJECT_AT_SERVICE_PROVIDER',
    `${peer}: you have no role on project ${project} there.`,
  )
}
