import { MixmatchError } from '../errors.js'
import { redactedExcerpt } from '../redaction.js'
import { issuedToken, type Keystone, validateToken } from './keystone.js'
import type { KeystoneResponse } from './keystone-connection.js'
import { parseToken, summarizeResponse } from './keystone-responses.js'
import type { ServiceProvider } from './keystones.js'
import type { Token } from './token.js'

/** An unscoped token of a user at a service provider. */
interface UnscopedToken {
  readonly token: Token
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

interface Assertion {
  /** The SOAP envelope, byte for byte, because it is signed. */
  readonly envelope: Buffer
  readonly spUrl: string
  readonly authUrl: string
}

/** How much of a URL an error shows. */
const MAX_SHOWN = 200
const PAOS = 'application/vnd.paos+xml'
const SKEW =
  'If the clocks of the two clouds differ by minutes, set them right; otherwise compare entity id, ' +
  'certificate and metadata of the identity provider with what the service provider has.'

/**
 * Log in a user at a service provider with a token of the identity provider: Keystone-to-Keystone
 * federation by SAML 2.0's ECP profile, as keystoneauth's `Keystone2Keystone` does it
 * (https://docs.openstack.org/keystone/latest/admin/federation/configure_federation.html). An
 * assertion is sent to the service provider, the token never is. Each call has its own cookies.
 *
 * @param now milliseconds since 1970
 * @returns null if the service provider does not admit this user
 * @throws NOT_AUTHENTICATED, FORBIDDEN, IDENTITY_UNAVAILABLE of the identity provider;
 * SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT of the service provider; FEDERATION_FAILED
 */
export async function federate(
  identityProvider: Keystone,
  serviceProvider: ServiceProvider,
  token: Token,
  now: () => number,
): Promise<UnscopedToken | null> {
  const assertion = await requestAssertion(identityProvider, serviceProvider, token)
  const login = await presentAssertion(serviceProvider, assertion, now)
  const response =
    login.kind === 'token'
      ? login.response
      : await openSession(serviceProvider, assertion, login.cookie)
  if (response.status === 401 || response.status === 403) return null

  const unscoped = issuedToken(response)
  const description = parseToken(response)
  if (unscoped && description) return { token: unscoped, expiresAtMs: description.expiresAtMs }
  throw federationFailed(
    serviceProvider,
    'opening the session',
    `expected a token from ${assertion.authUrl}, ${summarizeResponse(response)}. ${SKEW}`,
  )
}

async function requestAssertion(
  identityProvider: Keystone,
  serviceProvider: ServiceProvider,
  token: Token,
): Promise<Assertion> {
  const { send, v3, peer } = identityProvider
  const step = `asking for an assertion for service provider "${serviceProvider.spName}"`
  const url = `${v3}/auth/OS-FEDERATION/saml2/ecp`
  const response = await send({
    step,
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['token'], token: { id: token.reveal() } },
        scope: { service_provider: { id: serviceProvider.spName } },
      },
    }),
  })
  const failure = `${peer}: ${step}: POST ${url}: ${summarizeResponse(response)}.`
  switch (response.status) {
    case 200:
      return checkAssertion(response, serviceProvider)
    case 401:
      throw new MixmatchError('NOT_AUTHENTICATED', failure)
    case 403:
      throw new MixmatchError(
        'FORBIDDEN',
        `${failure} The service provider is disabled, or the token may not be federated.`,
      )
    case 404:
      await validateToken(identityProvider, token) // throws if the token is invalid
      throw new MixmatchError(
        'FEDERATION_FAILED',
        `${failure} Check sp_name of ${serviceProvider.peer}.`,
      )
    default:
      throw new MixmatchError(
        'FEDERATION_FAILED',
        `${failure} Check [saml] of the identity provider's Keystone: xmlsec1, key and idp_entity_id.`,
      )
  }
}

/** Keystone says to which URL the assertion must be sent. The configuration says which hosts are allowed. */
function checkAssertion(response: KeystoneResponse, serviceProvider: ServiceProvider): Assertion {
  const spUrl = response.header('x-sp-url') ?? ''
  const authUrl = serviceProvider.login ?? response.header('x-auth-url') ?? ''
  for (const [name, url] of Object.entries({ sp_url: spUrl, auth_url: authUrl })) {
    if (serviceProvider.isAllowed(url)) continue
    throw federationFailed(
      serviceProvider,
      'checking where the assertion would go',
      `the ${name} "${redactedExcerpt(url, MAX_SHOWN)}" that the identity provider's Keystone has for ` +
        `"${serviceProvider.spName}" is on none of its allowed hosts, so nothing was sent there. ` +
        'Correct it, or add the host to allowed_hosts.',
    )
  }
  return { envelope: response.body, spUrl, authUrl }
}

/** A service provider answers an assertion with a token, or with a session in which it issues one. */
type FederatedLogin =
  | { readonly kind: 'token'; readonly response: KeystoneResponse }
  | { readonly kind: 'session'; readonly cookie: string }

async function presentAssertion(
  serviceProvider: ServiceProvider,
  { envelope, spUrl, authUrl }: Assertion,
  now: () => number,
): Promise<FederatedLogin> {
  const step = 'presenting the assertion'
  const response = await serviceProvider.send({
    step,
    method: 'POST',
    url: spUrl,
    headers: { 'Content-Type': PAOS },
    body: envelope,
  })
  if (issuedToken(response)) return { kind: 'token', response }
  // undici reads the cookies. A process that asks no Keystone does not load it.
  const { cookieHeader } = await import('../http-client/cookies.js')
  const cookie = cookieHeader(response.setCookies, { from: spUrl, to: authUrl, nowMs: now() })
  if ([302, 303].includes(response.status) && cookie !== '') return { kind: 'session', cookie }
  throw federationFailed(
    serviceProvider,
    step,
    `POST ${spUrl}: expected a redirect with a session cookie, ${summarizeResponse(response)}. ${SKEW}`,
  )
}

/** The redirect is not followed. It only shows that the session exists. */
function openSession(
  serviceProvider: ServiceProvider,
  { authUrl }: Assertion,
  cookie: string,
): Promise<KeystoneResponse> {
  return serviceProvider.send({
    step: 'opening the session',
    method: 'GET',
    url: authUrl,
    headers: { 'Content-Type': PAOS, Cookie: cookie },
  })
}

function federationFailed({ peer }: ServiceProvider, step: string, found: string): MixmatchError {
  return new MixmatchError('FEDERATION_FAILED', `${peer}: ${step}: ${found}`)
}
