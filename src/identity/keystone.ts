import { MixmatchError } from '../errors.js'
import type { ProjectId } from '../ids.js'
import type { Project } from './identity.js'
import type { KeystoneResponse, SendKeystoneRequest } from './keystone-connection.js'
import {
  isKeystoneFault,
  parseProjects,
  parseToken,
  summarizeResponse,
  type TokenDescription,
} from './keystone-responses.js'
import { Token } from './token.js'

/** One cloud's Keystone. */
export interface Keystone {
  readonly send: SendKeystoneRequest
  /** With `/v3`. */
  readonly v3: string
  /** Its name in error messages: `Service provider "sp1"`. */
  readonly peer: string
}

/** The statuses for a token that Keystone does not know; 431 if it is too long for its web server. */
const rejections = [400, 401, 404, 431]

/**
 * Validate a token with itself as X-Auth-Token, which needs no privilege
 * (https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token).
 *
 * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
 */
export async function validateToken(keystone: Keystone, token: Token): Promise<TokenDescription> {
  const { send, v3, peer } = keystone
  const url = `${v3}/auth/tokens?nocatalog`
  const response = await send({
    step: 'validating a token',
    method: 'GET',
    url,
    headers: {
      'X-Auth-Token': token.reveal(),
      'X-Subject-Token': token.reveal(),
      // Without this header Keystone answers 404 for a token with access rules.
      'OpenStack-Identity-Access-Rules': '1.0',
    },
  })
  const description = response.status === 200 ? parseToken(response) : null
  if (description) return description
  // A 404 that does not come from Keystone must not reject all users.
  if (
    rejections.includes(response.status) &&
    (response.status !== 404 || isKeystoneFault(response))
  ) {
    throw new MixmatchError(
      'NOT_AUTHENTICATED',
      'The token is unknown to Keystone, expired or revoked. Log in again.',
    )
  }
  throw new MixmatchError(
    'IDENTITY_UNAVAILABLE',
    `${peer}: validating a token: GET ${url}: expected Keystone to describe it, ${summarizeResponse(response)}. ` +
      'Check auth_url.',
  )
}

/**
 * Get the description of a valid token, with its catalog and the service providers that its Keystone knows.
 *
 * @returns null if the response is not a token description
 */
export async function describeToken(
  { send, v3 }: Keystone,
  token: Token,
): Promise<TokenDescription | null> {
  const own = token.reveal()
  const headers = { 'X-Auth-Token': own, 'X-Subject-Token': own }
  const step = 'describing its own token'
  return parseToken(await send({ step, method: 'GET', url: `${v3}/auth/tokens`, headers }))
}

/**
 * List the projects that an unscoped token can be scoped to.
 *
 * @throws FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT
 */
export async function listProjects(
  keystone: Keystone,
  unscoped: Token,
): Promise<readonly Project[]> {
  const { send, v3, peer } = keystone
  const step = 'listing projects'
  const url = `${v3}/auth/projects`
  const headers = { 'X-Auth-Token': unscoped.reveal() }
  const response = await send({ step, method: 'GET', url, headers })
  const projects = response.status === 200 ? parseProjects(response) : null
  if (projects) return projects
  throw new MixmatchError(
    'FEDERATION_FAILED',
    `${peer}: ${step}: GET ${url}: expected a list, ${summarizeResponse(response)}.`,
  )
}

/**
 * Get a token scoped to one project, from an unscoped token.
 *
 * @throws NO_PROJECT_AT_SERVICE_PROVIDER, FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE,
 * SERVICE_PROVIDER_TIMEOUT
 */
export async function scopeToken(
  keystone: Keystone,
  unscoped: Token,
  project: ProjectId,
): Promise<{ token: Token; description: TokenDescription }> {
  const { send, v3, peer } = keystone
  const step = `scoping a token to project ${project}`
  const url = `${v3}/auth/tokens`
  const response = await send({
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
  const token = issuedToken(response)
  const description = parseToken(response)
  if (token && description) return { token, description }
  const isRejected = response.status === 401 || response.status === 403
  throw new MixmatchError(
    isRejected ? 'NO_PROJECT_AT_SERVICE_PROVIDER' : 'FEDERATION_FAILED',
    `${peer}: ${step}: POST ${url}: expected a token, ${summarizeResponse(response)}.`,
  )
}

/** The token in X-Subject-Token of a response; null if there is none. */
export function issuedToken(response: KeystoneResponse): Token | null {
  const secret = response.header('x-subject-token')
  const issued = response.status === 200 || response.status === 201
  return issued && secret ? new Token(secret) : null
}
