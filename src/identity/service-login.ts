import type { Credentials } from '../config/credentials.js'
import { MixmatchError } from '../errors.js'
import { parseToken, saying, type TokenDescription } from './answers.js'
import { issuedToken, type Keystone } from './keystone.js'
import type { Token } from './token.js'

/**
 * Log in with a password, to the project of the credentials
 * (https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization).
 *
 * @throws NOT_AUTHENTICATED where Keystone refuses them, IDENTITY_UNAVAILABLE, and what `ask` throws
 */
export async function logIn(
  { ask, v3, peer }: Keystone,
  { username, password, userDomainId, projectName, projectDomainId }: Credentials,
): Promise<{ token: Token; description: TokenDescription }> {
  const step = `logging in as "${username}" on project "${projectName}"`
  const url = `${v3}/auth/tokens`
  const user = { name: username, domain: { id: userDomainId }, password: password.reveal() }
  const answer = await ask({
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
  const token = issuedToken(answer)
  const description = parseToken(answer)
  if (token && description) return { token, description }
  const refused = answer.status === 401 || answer.status === 403
  throw new MixmatchError(
    refused ? 'NOT_AUTHENTICATED' : 'IDENTITY_UNAVAILABLE',
    `${peer}: ${step}: POST ${url}: expected a token, ${saying(answer)}. ` +
      'Check user, password and project, and the domains of both.',
  )
}
