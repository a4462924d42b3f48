import type { Credentials } from '../config/credentials.js'
import { MixmatchError } from '../errors.js'
import { issuedToken, type Keystone } from './keystone.js'
import { parseToken, summarizeResponse, type TokenDescription } from './keystone-responses.js'
import type { Token } from './token.js'

/**
 * Log in with a password, to the project of the credentials
 * (https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization).
 *
 * @throws NOT_AUTHENTICATED if Keystone rejects them, IDENTITY_UNAVAILABLE, and what `send` throws
 */
export async function logIn(
  { send, v3, peer }: Keystone,
  { username, password, userDomainId, projectName, projectDomainId }: Credentials,
): Promise<{ token: Token; description: TokenDescription }> {
  const step = `logging in as "${username}" on project "${projectName}"`
  const url = `${v3}/auth/tokens`
  const user = { name: username, domain: { id: userDomainId }, password: password.reveal() }
  const response = await send({
    step,
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user } },
        scope: { project: { name: projectName, domain: { id: projectDomainId } } },
      },
    }),
  })
  const token = issuedToken(response)
  const description = parseToken(response)
  if (token && description) return { token, description }
  const isRejected = response.status === 401 || response.status === 403
  throw new MixmatchError(
    isRejected ? 'NOT_AUTHENTICATED' : 'IDENTITY_UNAVAILABLE',
    `${peer}: ${step}: POST ${url}: expected a token, ${summarizeResponse(response)}. ` +
      'Check user, password and project, and the domains of both.',
  )
}
