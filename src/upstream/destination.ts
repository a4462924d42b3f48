import { MixmatchError } from '../errors.js'
import type { Access, Caller, Identity, Project } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName } from '../ids.js'
import type { ParsedPath } from '../routing/path.js'
import { chooseProject, type ProjectChoice, refuseForeignProject } from '../routing/project.js'
import { endpointBase, inProject, upstreamPath } from '../routing/upstream-path.js'
import type { ServiceName } from '../service/service.js'
import { services } from '../service/services.js'
import type { Border } from './headers.js'

/** Who sends a request: both null without a token, `caller` null where the token was not judged. */
export interface Sender {
  readonly token: Token | null
  readonly caller: Caller | null
  /** Whether a service of the identity provider sends it for the user, and proved that. */
  readonly isService: boolean
}

/** Where a request goes in one cloud, and as whom. */
export interface Destination {
  readonly cloud: SpName
  readonly border: Border
  /** `http://10.0.0.5:8776` */
  readonly origin: string
  /** From the root of the origin, with the query. */
  readonly path: string
  /** What links in the answer may begin with. */
  readonly bases: readonly string[]
  /** The project that the token is for. */
  readonly project: ProjectId | null
}

/** What has a say in the project at a service provider, see `routing/project.ts`. */
export interface Wishes {
  readonly asked: ProjectId | null
  readonly owner: ProjectId | null
}

export interface Destinations {
  /**
   * The destination in the project that is to be.
   *
   * @throws as `Identity` and `chooseProject` do, NOT_FOUND where the cloud has no such service
   */
  reach(to: SpName, path: ParsedPath, sender: Sender, wishes: Wishes): Promise<Destination>
  /** A destination for every project that the user has there, the likeliest first, each when asked for. */
  reachEach(
    to: SpName,
    path: ParsedPath,
    sender: Sender,
    wishes: Wishes,
  ): AsyncGenerator<Destination, void>
}

export function createDestinations(options: {
  /** The configured endpoint; null where the cloud's catalog is to tell. */
  endpoint: (cloud: SpName, service: ServiceName) => string | null
  identity: Pick<Identity, 'projects' | 'access'>
  /** What a service goes to the cloud with, besides the user's token; null for nothing. */
  serviceToken: (at: SpName) => Promise<Token | null>
}): Destinations {
  const { endpoint, identity, serviceToken } = options

  function atHome(path: ParsedPath, { caller }: Sender): Destination {
    const url = endpoint(IDENTITY_PROVIDER, path.service)
    if (url === null) throw noEndpoint(IDENTITY_PROVIDER, path.service)
    const project = caller?.project?.id ?? null
    return at(IDENTITY_PROVIDER, { kind: 'home' }, url, [], upstreamPath(path, null), project)
  }

  /** Version documents and preflights come without a token. One that was not judged stays here. */
  function withoutToken(to: SpName, path: ParsedPath, { token }: Sender): Destination {
    const url = endpoint(to, path.service)
    if (url === null || token !== null) {
      const message = `The request needs a token to go to "${to}".`
      throw new MixmatchError('NOT_AUTHENTICATED', message)
    }
    const border: Border = { kind: 'abroad', token: null, serviceToken: null }
    return at(to, border, url, [], upstreamPath(path, null), null)
  }

  async function within(
    to: SpName,
    path: ParsedPath,
    { token, caller, isService }: Known,
    project: Project,
  ): Promise<Destination> {
    refuseForeignProject(path.projectSegment, caller.project, project)
    const access = await identity.access(token, caller, to, project.id)
    const listed = catalogued(access, path.service)
    const url = endpoint(to, path.service) ?? listed
    if (url === null) throw noEndpoint(to, path.service)
    const border: Border = {
      kind: 'abroad',
      token: access.token,
      serviceToken: isService ? await serviceToken(to) : null,
    }
    const others = listed === null ? [] : [listed]
    const there = access.project.id
    const sent = inProject(upstreamPath(path, there), caller.project?.id ?? null, there)
    return at(to, border, url, others, sent, there)
  }

  return {
    async reach(to, path, sender, { asked, owner }) {
      if (to === IDENTITY_PROVIDER) return atHome(path, sender)
      const known = knownSender(sender)
      if (known === null) return withoutToken(to, path, sender)
      const projects = await identity.projects(known.token, known.caller, to)
      const local = known.caller.project
      return within(to, path, known, chooseProject({ at: to, asked, owner, local }, projects))
    },
    async *reachEach(to, path, sender, { asked, owner }) {
      if (to === IDENTITY_PROVIDER) return void (yield atHome(path, sender))
      const known = knownSender(sender)
      if (known === null) return void (yield withoutToken(to, path, sender))
      const projects = await identity.projects(known.token, known.caller, to)
      const local = known.caller.project
      for (const project of byLikelihood({ at: to, asked, owner, local }, projects)) {
        yield await within(to, path, known, project)
      }
    },
  }
}

type Known = Sender & { readonly token: Token; readonly caller: Caller }

function knownSender({ token, caller, isService }: Sender): Known | null {
  return token && caller ? { token, caller, isService } : null
}

function at(
  cloud: SpName,
  border: Border,
  url: string,
  others: readonly string[],
  path: string,
  project: ProjectId | null,
): Destination {
  const base = endpointBase(url)
  const { origin, pathname } = new URL(base)
  const bases = [base, ...others.map(endpointBase)]
  return { cloud, border, origin, path: pathname.replace(/\/$/, '') + path, bases, project }
}

/** The project that a request would act in if it had to be one, then the others that the user has. */
function byLikelihood(choice: ProjectChoice, projects: readonly Project[]): readonly Project[] {
  if (choice.asked !== null) return [chooseProject(choice, projects)]
  const likeliest = projects.length > 0 ? chosenUnlessAmbiguous(choice, projects) : null
  return likeliest ? [likeliest, ...projects.filter(other => other !== likeliest)] : projects
}

function chosenUnlessAmbiguous(
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

function catalogued({ endpoints }: Access, service: ServiceName): string | null {
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
