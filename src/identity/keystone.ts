import { MixmatchError } from '../errors.js'
import type { ProjectId } from '../ids.js'
import {
  isKeystoneFault,
  parseProjects,
  parseToken,
  saying,
  type TokenDescription,
} from './answers.js'
import type { Answer, Ask } from './connection.js'
import type { Project } from './identity.js'
import { Token } from './token.js'

/** One cloud's Keystone. */
export interface Keystone {
  readonly ask: Ask
  /** With `/v3`. */
  readonly v3: string
  /** At the head of errors: `Service provider "sp1"`. */
  readonly peer: string
}

/** Answered to a token that it does not know; the last is a token too long for its web server. */
const refusals = [400, 401, 404, 431]

/**
 * What Keystone says of a token that asks about itself: this takes no privilege
 * (https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token).
 *
 * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
 */
export async function validate(keystone: Keystone, token: Token): Promise<TokenDescription> {
  const { ask, v3, peer } = keystone
  const url = `${v3}/auth/tokens?nocatalog`
  const answer = await ask({
    step: 'validating a token',
    method: 'GET',
    url,
    headers: {
      'X-Auth-Token': token.reveal(),
      'X-Subject-Token': token.reveal(),
      // Without it Keystone hides tokens that have access rules.
      'OpenStack-Identity-Access-Rules': '1.0',
    },
  })
  const description = answer.status === 200 ? parseToken(answer) : null
  if (description) return description
  // A 404 by something else at that address must not turn everybody away as unknown.
  if (refusals.includes(answer.status) && (answer.status !== 404 || isKeystoneFault(answer))) {
    throw new MixmatchError(
      'NOT_AUTHENTICATED',
      'The token is unknown to Keystone, expired or revoked. Log in again.',
    )
  }
  throw new MixmatchError(
    'IDENTITY_UNAVAILABLE',
    `${peer}: validating a token: GET ${url}: expected Keystone to describe it, ${saying(answer)}. ` +
      'Check auth_url.',
  )
}

/**
 * What Keystone says of a good token, with its catalog and the service providers that it knows.
 *
 * @returns null where it says nothing of it
 */
export async function describeToken(
  { ask, v3 }: Keystone,
  token: Token,
): Promise<TokenDescription | null> {
  const own = token.reveal()
  const headers = { 'X-Auth-Token': own, 'X-Subject-Token': own }
  const step = 'describing its own token'
  return parseToken(await ask({ step, method: 'GET', url: `${v3}/auth/tokens`, headers }))
}

/**
 * The projects that an unscoped token can be scoped to.
 *
 * @throws FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT
 */
export async function listProjects(
  keystone: Keystone,
  unscoped: Token,
): Promise<readonly Project[]> {
  const { ask, v3, peer } = keystone
  const step = 'listing projects'
  const url = `${v3}/auth/projects`
  const headers = { 'X-Auth-Token': unscoped.reveal() }
  const answer = await ask({ step, method: 'GET', url, headers })
  const projects = answer.status === 200 ? parseProjects(answer) : null
  if (projects) return projects
  throw new MixmatchError(
    'FEDERATION_FAILED',
    `${peer}: ${step}: GET ${url}: expected a list, ${saying(answer)}.`,
  )
}

/**
 * A token on one project, made from an unscoped one.
 *
 * @throws NO_PROJECT_AT_SERVICE_PROVIDER, FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE,
 * SERVICE_PROVIDER_TIMEOUT
 */
export async function scope(
  keystone: Keystone,
  unscoped: Token,
  project: ProjectId,
): Promise<{ token: Token; description: TokenDescription }> {
  const { ask, v3, peer } = keystone
  const step = `scoping a token to project ${project}`
  const url = `${v3}/auth/tokens`
  const answer = await ask({
    step,
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['token'], token: { id: unscoped.reveal() } },
        scope: { project: { id: project } },
      },
    }),
  })
  const token = issuedToken(answer)
  const description = parseToken(answer)
  if (token && description) return { token, description }
  const refused = answer.status === 401 || answer.status === 403
  throw new MixmatchError(
    refused ? 'NO_PROJECT_AT_SERVICE_PROVIDER' : 'FEDERATION_FAILED',
    `${peer}: ${step}: POST ${url}: expected a token, ${saying(answer)}.`,
  )
}

/** The token that an answer gives out, null where it gives none. */
export function issuedToken(answer: Answer): Token | null {
  const secret = answer.header('x-subject-token')
  const issued = answer.status === 200 || answer.status === 201
  return issued && secret ? new Token(secret) : null
}
