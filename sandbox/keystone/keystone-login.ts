import { z } from 'zod'
import { ApiFault } from '../api-fault.js'
import {
  type ApplicationCredential,
  type Directory,
  DOMAIN,
  find,
  type Grants,
  type ProjectEntry,
  type Reference,
  rolesOn,
} from './keystone-directory.js'
import type { TokenInfo, Tokens } from './keystone-token.js'

const domain = z.object({ id: z.string().optional(), name: z.string().optional() })
const named = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  domain: domain.optional(),
})

/** The body of `POST /v3/auth/tokens`, as far as the miniature Keystone supports it. */
export const loginRequest = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string()).min(1),
      password: z.object({ user: named.extend({ password: z.string() }) }).optional(),
      token: z.object({ id: z.string() }).optional(),
      application_credential: z.object({ id: z.string(), secret: z.string() }).optional(),
    }),
    scope: z
      .union([
        z.literal('unscoped'),
        z.object({
          project: named.optional(),
          domain: domain.optional(),
          system: z.unknown().optional(),
          unscoped: z.unknown().optional(),
        }),
      ])
      .optional(),
  }),
})
type LoginRequest = z.infer<typeof loginRequest>

export interface LoginParts {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly now: () => number
  readonly lifetimeMs: number
}

/** An authenticated user, before the scope is known. */
type Principal = Pick<
  TokenInfo,
  'user' | 'methods' | 'grants' | 'federation' | 'expiresAtMs' | 'applicationCredential'
> & { readonly onlyProject: ProjectEntry | null }

/** @throws ApiFault 401, which like Keystone's does not say what was wrong */
export function login({ auth }: LoginRequest, parts: LoginParts): TokenInfo {
  const { onlyProject, ...principal } = identify(auth.identity, parts)
  const project = onlyProject ?? projectOf(auth.scope, parts.directory)
  const roles = project ? rolesOn(project, principal.grants) : []
  if (project && roles.length === 0) throw unauthorized()
  return parts.tokens.issue({ ...principal, project, roles })
}

export function unauthorized(): ApiFault {
  return new ApiFault(401, 'The request you have made requires authentication.')
}

function identify(identity: LoginRequest['auth']['identity'], parts: LoginParts): Principal {
  const [method] = identity.methods
  if (method === 'password' && identity.password) {
    return byPassword(identity.password.user, parts)
  }
  if (method === 'token' && identity.token) return byToken(identity.token.id, parts)
  if (method === 'application_credential' && identity.application_credential) {
    return byApplicationCredential(identity.application_credential, parts)
  }
  throw unauthorized()
}

function byPassword(given: Reference & { password: string }, parts: LoginParts): Principal {
  const user = find(parts.directory.users, given)
  if (!user || user.password !== given.password) throw unauthorized()
  return {
    user: { id: user.id, name: user.name, domain: DOMAIN },
    methods: ['password'],
    grants: [user.grants],
    federation: null,
    expiresAtMs: parts.now() + parts.lifetimeMs,
    applicationCredential: null,
    onlyProject: null,
  }
}

/** Rescope a token: the new one expires no later than the one it was made from. */
function byToken(id: string, { tokens }: LoginParts): Principal {
  const token = tokens.find(id)
  if (!token) throw new ApiFault(404, 'Could not recognize Fernet token')
  return {
    ...token,
    methods: [...new Set([...token.methods, 'token'])],
    onlyProject: null,
  }
}

function byApplicationCredential(
  given: Pick<ApplicationCredential, 'id' | 'secret'>,
  parts: LoginParts,
): Principal {
  for (const user of parts.directory.users) {
    const credential = user.applicationCredentials?.find(({ id }) => id === given.id)
    const project = parts.directory.projects.find(({ name }) => name === credential?.project)
    if (!credential || !project || credential.secret !== given.secret) continue
    const grants: Grants = { [project.name]: user.grants[project.name] ?? [] }
    return {
      user: { id: user.id, name: user.name, domain: DOMAIN },
      methods: ['application_credential'],
      grants: [grants],
      federation: null,
      expiresAtMs: parts.now() + parts.lifetimeMs,
      applicationCredential: credential,
      onlyProject: project,
    }
  }
  throw unauthorized()
}

function projectOf(
  scope: LoginRequest['auth']['scope'],
  directory: Directory,
): ProjectEntry | null {
  if (scope === undefined || scope === 'unscoped') return null
  if (scope.domain || scope.system) throw unauthorized() // nobody has such roles here
  if (!scope.project) return null
  const project = find(directory.projects, scope.project)
  if (!project || project.enabled === false) throw unauthorized()
  return project
}
