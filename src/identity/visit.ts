import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { ProjectId } from '../ids.js'
import { endpointsOf } from './catalog.js'
import type { Access, Caller, Project } from './identity.js'
import { type Entrance, enter } from './k2k.js'
import { type Keystone, listProjects, scope } from './keystone.js'
import type { ServiceProvider } from './keystones.js'
import type { Token } from './token.js'
import { type Kept, TokenCache, type TokenCacheOptions } from './token-cache.js'

/** A user at a service provider. */
export interface Visit {
  readonly projects: readonly Project[]
  /**
   * A token on one of the projects; asked for again, the same.
   *
   * @throws NO_PROJECT_AT_SERVICE_PROVIDER, FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE,
   * SERVICE_PROVIDER_TIMEOUT
   */
  access(project: ProjectId): Promise<Access>
}

export interface VisitParts extends Pick<TokenCacheOptions, 'cacheSeconds' | 'now'> {
  readonly home: Keystone
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** A token this close to its end is not used again: it must outlive the request it is for. */
export const MARGIN_MS = 30_000
/** Who is not admitted may be in a minute, so that is not remembered as long as a token. */
const NOT_ADMITTED_MS = 30_000
/** One user's projects at one cloud that are remembered at once. */
const PROJECTS = 100

/**
 * Take the user of a token to a service provider. One whom it does not admit has no projects there.
 *
 * @throws as `enter` and `listProjects`
 */
export async function beginVisit(
  token: Token,
  caller: Caller,
  there: ServiceProvider,
  parts: VisitParts,
): Promise<Kept<Visit>> {
  const { home, logger, now } = parts
  const about = { serviceProvider: there.name, user: caller.userId }
  try {
    const entrance = await enter(home, there, token, now)
    const projects = entrance ? await listProjects(there, entrance.unscoped) : []
    logger.debug({ ...about, projects: projects.length }, 'federated')
    if (!entrance || projects.length === 0) {
      return { value: noVisit(there), untilMs: now() + NOT_ADMITTED_MS }
    }
    const untilMs = Math.min(entrance.expiresAtMs, caller.expiresAtMs) - MARGIN_MS
    return { value: createVisit(there, entrance, projects, parts), untilMs }
  } catch (error) {
    if (error instanceof MixmatchError) logger.warn({ ...about, code: error.code }, error.message)
    throw error
  }
}

function createVisit(
  there: ServiceProvider,
  { unscoped }: Entrance,
  projects: readonly Project[],
  { cacheSeconds, now }: VisitParts,
): Visit {
  const known = new TokenCache<Access>({ capacity: PROJECTS, cacheSeconds, now })
  return {
    projects,
    async access(project) {
      if (!projects.some(({ id }) => id === project)) throw noProject(there, project)
      return known.get(project, () => scopeTo(project, unscoped, there))
    },
  }
}

function noVisit(there: ServiceProvider): Visit {
  return {
    projects: [],
    async access(project) {
      throw noProject(there, project)
    },
  }
}

async function scopeTo(
  wanted: ProjectId,
  unscoped: Token,
  there: ServiceProvider,
): Promise<Kept<Access>> {
  const { token, description } = await scope(there, unscoped, wanted)
  const { project, catalog, expiresAtMs } = description
  if (!project || project.id !== wanted) {
    throw new MixmatchError(
      'FEDERATION_FAILED',
      `${there.peer}: a token for project ${wanted} was asked for, and one for ` +
        `${project ? `project ${project.id}` : 'no project'} came.`,
    )
  }
  const endpoints = endpointsOf(catalog, there.region, there.isAllowed)
  return { value: { token, project, endpoints }, untilMs: expiresAtMs - MARGIN_MS }
}

function noProject({ peer }: ServiceProvider, project: ProjectId): MixmatchError {
  return new MixmatchError(
    'NO_PROJECT_AT_SERVICE_PROVIDER',
    `${peer}: you have no role on project ${project} there.`,
  )
}
