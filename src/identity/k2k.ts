import { MixmatchError } from '../errors.js'
import { parseToken, saying } from './answers.js'
import type { Answer } from './connection.js'
import { cookieHeader } from './cookies.js'
import { issuedToken, type Keystone, validate } from './keystone.js'
import type { ServiceProvider } from './keystones.js'
import type { Token } from './token.js'

/** A token that is of its user's own at a service provider, not scoped to anything yet. */
export interface Entrance {
  readonly unscoped: Token
  readonly expiresAtMs: number
}

interface Assertion {
  /** The SOAP envelope, byte for byte: it is signed. */
  readonly envelope: Buffer
  readonly spUrl: string
  readonly authUrl: string
}

const PAOS = 'application/vnd.paos+xml'
const SKEW =
  'If the clocks of the two clouds differ by minutes, set them right; otherwise compare entity id, ' +
  'certificate and metadata of the identity provider with what the service provider has.'

/**
 * Take a user to a service provider with a token of the identity provider: Keystone-to-Keystone
 * federation by SAML 2.0's ECP profile, as keystoneauth's `Keystone2Keystone` does it
 * (https://docs.openstack.org/keystone/latest/admin/federation/configure_federation.html). What
 * leaves the identity provider is an assertion, never the token. Cookies live as long as one call.
 *
 * @returns null where the service provider does not admit this user
 * @throws NOT_AUTHENTICATED, FORBIDDEN, IDENTITY_UNAVAILABLE of the identity provider;
 * SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT of the service provider; FEDERATION_FAILED
 */
export async function enter(
  home: Keystone,
  there: ServiceProvider,
  token: Token,
  now: () => number,
): Promise<Entrance | null> {
  const assertion = await requestAssertion(home, there, token)
  const presented = await presentAssertion(there, assertion, now)
  const answer =
    presented.kind === 'token'
      ? presented.answer
      : await openSession(there, assertion, presented.cookie)
  if (answer.status === 401 || answer.status === 403) return null

  const unscoped = issuedToken(answer)
  const description = parseToken(answer)
  if (unscoped && description) return { unscoped, expiresAtMs: description.expiresAtMs }
  throw failed(
    there,
    'opening the session',
    `expected a token from ${assertion.authUrl}, ${saying(answer)}. ${SKEW}`,
  )
}

async function requestAssertion(
  { ask, v3, peer }: Keystone,
  there: ServiceProvider,
  token: Token,
): Promise<Assertion> {
  const step = `asking for an assertion for service provider "${there.spName}"`
  const url = `${v3}/auth/OS-FEDERATION/saml2/ecp`
  const answer = await ask({
    step,
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['token'], token: { id: token.reveal() } },
        scope: { service_provider: { id: there.spName } },
      },
    }),
  })
  const failure = `${peer}: ${step}: POST ${url}: ${saying(answer)}.`
  switch (answer.status) {
    case 200:
      return acceptAssertion(answer, there)
    case 401:
      throw new MixmatchError('NOT_AUTHENTICATED', failure)
    case 403:
      throw new MixmatchError(
        'FORBIDDEN',
        `${failure} The service provider is disabled, or the token may not be federated.`,
      )
    case 404:
      await validate({ ask, v3, peer }, token) // throws, if it is the token that is not found
      throw new MixmatchError('FEDERATION_FAILED', `${failure} Check sp_name of ${there.peer}.`)
    default:
      throw new MixmatchError(
        'FEDERATION_FAILED',
        `${failure} Check [saml] of the identity provider's Keystone: xmlsec1, key and idp_entity_id.`,
      )
  }
}

/** Keystone says where the assertion is meant for; the configuration says what may be believed. */
function acceptAssertion(answer: Answer, there: ServiceProvider): Assertion {
  const spUrl = answer.header('x-sp-url') ?? ''
  const authUrl = there.login ?? answer.header('x-auth-url') ?? ''
  for (const [name, url] of Object.entries({ sp_url: spUrl, auth_url: authUrl })) {
    if (there.isAllowed(url)) continue
    throw failed(
      there,
      'checking where the assertion would go',
      `the ${name} "${url}" that the identity provider's Keystone has for "${there.spName}" is on ` +
        'none of its allowed hosts, so nothing was sent there. Correct it, or add the host to ' +
        'allowed_hosts.',
    )
  }
  return { envelope: answer.body, spUrl, authUrl }
}

/** What came of an assertion: a token at once, or a session in which to ask for one. */
type Presented =
  | { readonly kind: 'token'; readonly answer: Answer }
  | { readonly kind: 'session'; readonly cookie: string }

async function presentAssertion(
  there: ServiceProvider,
  { envelope, spUrl, authUrl }: Assertion,
  now: () => number,
): Promise<Presented> {
  const step = 'presenting the assertion'
  const answer = await there.ask({
    step,
    method: 'POST',
    url: spUrl,
    headers: { 'Content-Type': PAOS },
    body: envelope,
  })
  if (issuedToken(answer)) return { kind: 'token', answer }
  const cookie = cookieHeader(answer.cookies, { from: spUrl, to: authUrl, nowMs: now() })
  if ([302, 303].includes(answer.status) && cookie !== '') return { kind: 'session', cookie }
  throw failed(
    there,
    step,
    `POST ${spUrl}: expected a redirect with a session cookie, ${saying(answer)}. ${SKEW}`,
  )
}

/** The redirect leads nowhere useful: that it came says that the session is there. */
function openSession(
  there: ServiceProvider,
  { authUrl }: Assertion,
  cookie: string,
): Promise<Answer> {
  return there.ask({
    step: 'opening the session',
    method: 'GET',
    url: authUrl,
    headers: { 'Content-Type': PAOS, Cookie: cookie },
  })
}

function failed({ peer }: ServiceProvider, step: string, found: string): MixmatchError {
  return new MixmatchError('FEDERATION_FAILED', `${peer}: ${step}: ${found}`)
}
