import { MixmatchError } from '../errors.js'
import type { Access, Caller, Identity, Project } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName } from '../ids.js'
import { memoize } from '../memoize.js'
import type { ParsedPath } from '../routing/path.js'
import { chooseProject, type ProjectChoice, rejectForeignProject } from '../routing/project.js'
import { buildUpstreamPath, endpointBase, replaceProject } from '../routing/upstream-path.js'
import type { ServiceName } from '../service/service.js'
import { services } from '../service/services.js'
import type { UpstreamAuth } from './headers.js'

/** Who sends a request. Both are null without a token; `caller` is null if the token was not validated. */
export interface Requester {
  readonly token: Token | null
  readonly caller: Caller | null
  /** Whether a service of the identity provider sends it for the user, with a valid service token. */
  readonly isService: boolean
}

/** Where a request goes in one cloud, and with which tokens. */
export interface Destination {
  readonly cloud: SpName
  readonly auth: UpstreamAuth
  /** `http://10.0.0.5:8776` */
  readonly origin: string
  /** From the root of the origin, including the query. */
  readonly path: string
  /** URLs with which links in the response may begin. */
  readonly bases: readonly string[]
  /** The project that the token is for. */
  readonly project: ProjectId | null
}

/** What decides which project of a service provider a request uses, see `routing/project.ts`. */
interface ProjectPreference {
  readonly asked: ProjectId | null
  readonly owner: ProjectId | null
}

export interface Destinations {
  /**
   * The destination in the project that the request uses.
   *
   * @throws as `Identity` and `chooseProject`; NOT_FOUND if the cloud has no such service
   */
  resolve(
    to: SpName,
    path: ParsedPath,
    requester: Requester,
    preference: ProjectPreference,
  ): Destination | Promise<Destination>
  /** One destination for each project that the user has there, the most likely first, resolved one by one. */
  resolveEach(
    to: SpName,
    path: ParsedPath,
    requester: Requester,
    preference: ProjectPreference,
  ): AsyncGenerator<Destination, void>
}

export function createDestinations(options: {
  /** The configured endpoint; null if the catalog of the cloud names it. */
  endpoint: (cloud: SpName, service: ServiceName) => string | null
  identity: Pick<Identity, 'projects' | 'access' | 'cachedAccess'>
  /** The service token for the cloud, sent along with the user's token; null for none. */
  serviceToken: (at: SpName) => Promise<Token | null>
}): Destinations {
  const { endpoint, identity, serviceToken } = options

  function localDestination(path: ParsedPath, { caller }: Requester): Destination {
    const url = endpoint(IDENTITY_PROVIDER, path.service)
    if (url === null) throw noEndpoint(IDENTITY_PROVIDER, path.service)
    const project = caller?.project?.id ?? null
    return destinationAt(
      IDENTITY_PROVIDER,
      { kind: 'local' },
      url,
      [],
      buildUpstreamPath(path, null),
      project,
    )
  }

  /** For version documents and preflights, which need no token. A token that was not validated is never sent on. */
  function anonymousDestination(to: SpName, path: ParsedPath, { token }: Requester): Destination {
    const url = endpoint(to, path.service)
    if (url === null || token !== null) {
      const message = `The request needs a token to go to "${to}".`
      throw new MixmatchError('NOT_AUTHENTICATED', message)
    }
    const auth: UpstreamAuth = { kind: 'remote', token: null, serviceToken: null }
    return destinationAt(to, auth, url, [], buildUpstreamPath(path, null), null)
  }

  function remoteDestination(
    to: SpName,
    path: ParsedPath,
    caller: Caller,
    access: Access,
    ownToken: Token | null,
  ): Destination {
    const listed = catalogEndpoint(access, path.service)
    const url = endpoint(to, path.service) ?? listed
    if (url === null) throw noEndpoint(to, path.service)
    const auth: UpstreamAuth = { kind: 'remote', token: access.token, serviceToken: ownToken }
    const others = listed === null ? [] : [listed]
    const there = access.project.id
    const sent = replaceProject(buildUpstreamPath(path, there), caller.project?.id ?? null, there)
    return destinationAt(to, auth, url, others, sent, there)
  }

  async function resolveIn(
    project: Project,
    to: SpName,
    path: ParsedPath,
    { token, caller, isService }: AuthenticatedRequester,
  ): Promise<Destination> {
    rejectForeignProject(path.projectSegment, caller.project, project)
    const access = await identity.access(token, caller, to, project.id)
    return remoteDestination(to, path, caller, access, isService ? await serviceToken(to) : null)
  }

  async function resolveRemote(
    to: SpName,
    path: ParsedPath,
    requester: AuthenticatedRequester,
    { asked, owner }: ProjectPreference,
  ): Promise<Destination> {
    const { token, caller } = requester
    const projects = await identity.projects(token, caller, to)
    const project = chooseProject({ at: to, asked, owner, local: caller.project }, projects)
    return resolveIn(project, to, path, requester)
  }

  /** The same at once; null if something must be awaited. Awaiting cached values costs 7 % of a request. */
  function resolveCached(
    to: SpName,
    path: ParsedPath,
    { token, caller, isService }: AuthenticatedRequester,
    { asked, owner }: ProjectPreference,
  ): Destination | null {
    if (isService) return null
    const { project: local } = caller
    const access = identity.cachedAccess(token, to, projects =>
      chooseProject({ at: to, asked, owner, local }, projects),
    )
    if (access === undefined) return null
    rejectForeignProject(path.projectSegment, local, access.project)
    return remoteDestination(to, path, caller, access, null)
  }

  return {
    resolve(to, path, requester, preference) {
      if (to === IDENTITY_PROVIDER) return localDestination(path, requester)
      const authenticated = authenticatedRequester(requester)
      if (authenticated === null) return anonymousDestination(to, path, requester)
      const cached = resolveCached(to, path, authenticated, preference)
      return cached ?? resolveRemote(to, path, authenticated, preference)
    },
    async *resolveEach(to, path, requester, { asked, owner }) {
      if (to === IDENTITY_PROVIDER) return void (yield localDestination(path, requester))
      const authenticated = authenticatedRequester(requester)
      if (authenticated === null) return void (yield anonymousDestination(to, path, requester))
      const projects = await identity.projects(authenticated.token, authenticated.caller, to)
      const local = authenticated.caller.project
      for (const project of orderByLikelihood({ at: to, asked, owner, local }, projects)) {
        yield await resolveIn(project, to, path, authenticated)
      }
    },
  }
}

type AuthenticatedRequester = Requester & { readonly token: Token; readonly caller: Caller }

function authenticatedRequester({
  token,
  caller,
  isService,
}: Requester): AuthenticatedRequester | null {
  return token && caller ? { token, caller, isService } : null
}

function destinationAt(
  cloud: SpName,
  auth: UpstreamAuth,
  url: string,
  others: readonly string[],
  path: string,
  project: ProjectId | null,
): Destination {
  const { base, origin, prefix } = parseEndpoint(url)
  const bases = [base, ...others.map(other => parseEndpoint(other).base)]
  return { cloud, auth, origin, path: prefix + path, bases, project }
}

interface Endpoint {
  readonly base: string
  readonly origin: string
  /** The path of the base, without a slash at its end. */
  readonly prefix: string
}

const parseEndpoint = memoize((url): Endpoint => {
  const base = endpointBase(url)
  const { origin, pathname } = new URL(base)
  return { base, origin, prefix: pathname.replace(/\/$/, '') }
})

/** The project that a request would use by default, then the other projects of the user. */
function orderByLikelihood(
  choice: ProjectChoice,
  projects: readonly Project[],
): readonly Project[] {
  if (choice.asked !== null) return [chooseProject(choice, projects)]
  const preferred = projects.length > 0 ? chooseUnlessAmbiguous(choice, projects) : null
  return preferred ? [preferred, ...projects.filter(other => other !== preferred)] : projects
}

function chooseUnlessAmbiguous(
  choice: ProjectChoice,
  projects: readonly Project[],
): Project | null {
  try {
    return chooseProject(choice, projects)
  } catch (error) {
    if (error instanceof MixmatchError && error.code === 'PROJECT_AMBIGUOUS') return null
    throw error
  }
}

function catalogEndpoint({ endpoints }: Access, service: ServiceName): string | null {
  const type = services[service].catalogTypes.find(name => endpoints.has(name))
  return (type !== undefined && endpoints.get(type)) || null
}

function noEndpoint(cloud: SpName, service: ServiceName): MixmatchError {
  return new MixmatchError(
    'NOT_FOUND',
    `Nothing tells where the ${service} service of "${cloud}" is: set ${service}_endpoint in ` +
      `[sp_${cloud}], or give its catalog a public endpoint on one of the allowed_hosts.`,
  )
}
