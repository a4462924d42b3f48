import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type Router from 'koa-router'
import { z } from 'zod'
import { ApiFault } from '../api-fault.js'
import type { KeystoneSite, ServiceProviderEntry } from './keystone-bodies.js'
import type { Directory } from './keystone-directory.js'
import { answerToken, type KeystoneState, parseBody } from './keystone-http.js'
import { type LoginParts, unauthorized } from './keystone-login.js'
import { type Assertion, readAssertion, writeAssertion } from './keystone-saml.js'
import type { TokenInfo, Tokens } from './keystone-token.js'

/** An identity provider whose assertions a miniature Keystone accepts. */
export interface TrustedIdentityProvider {
  /** Its id in Keystone, part of the federated login URL. */
  readonly id: string
  /** URL of its Keystone, without `/v3`. */
  readonly url: string
  readonly secret: string
  /** Users that the mapping rejects: administrators and services. */
  readonly refusedUsers: readonly string[]
}

interface IdentityProviderParts {
  readonly around: KeystoneSite
  readonly secret: string
  readonly tokens: Tokens
  readonly now: () => number
  readonly assertionLifetimeMs: number
}

/** The URLs for federated login at a cloud's Keystone. */
export function federationUrls(
  url: string,
  identityProvider: string,
): Pick<ServiceProviderEntry, 'spUrl' | 'authUrl'> {
  return {
    spUrl: `${new URL(url).origin}/Shibboleth.sso/SAML2/ECP`,
    authUrl: `${url}/v3/OS-FEDERATION/identity_providers/${identityProvider}/protocols/saml2/auth`,
  }
}

const assertionRequest = z.object({
  auth: z.strictObject({
    identity: z.strictObject({
      methods: z.tuple([z.literal('token')]),
      token: z.strictObject({ id: z.string() }),
    }),
    scope: z.strictObject({ service_provider: z.strictObject({ id: z.string() }) }),
  }),
})

/** The identity provider's side: exchanges a local token for an assertion for one service provider. */
export function routeIdentityProvider(
  router: Router<KeystoneState>,
  { around, secret, tokens, now, assertionLifetimeMs }: IdentityProviderParts,
): void {
  router.post('/v3/auth/OS-FEDERATION/saml2/ecp', ctx => {
    const { identity, scope } = parseBody(ctx.state.text, assertionRequest).auth
    const token = tokens.find(identity.token.id)
    // Keystone does not find a token with access rules unless the request has the header for them.
    if (!token || token.applicationCredential?.accessRules) {
      throw new ApiFault(404, 'Could not recognize Fernet token')
    }
    const { id } = scope.service_provider
    const there = around.serviceProviders.find(entry => entry.id === id)
    if (!there) throw new ApiFault(404, `Could not find Service Provider: ${id}.`)
    if (!token.project) {
      throw new ApiFault(
        403,
        'Use a project scoped token when attempting to create a SAML assertion',
      )
    }
    ctx.set({ 'X-sp-url': there.spUrl, 'X-auth-url': there.authUrl })
    ctx.type = 'text/xml'
    ctx.body = writeAssertion(
      {
        id: randomUUID().replaceAll('-', ''),
        issuer: entityId(around.url),
        recipient: there.spUrl,
        user: token.user.name,
        project: token.project.name,
        roles: token.roles,
        notOnOrAfterMs: now() + assertionLifetimeMs,
      },
      secret,
    )
  })
}

interface ServiceProviderParts extends LoginParts {
  readonly around: KeystoneSite
  readonly identityProviders: readonly TrustedIdentityProvider[]
}

/**
 * The service provider's side, in two steps as with mod_shib: an assertion opens a session that a
 * cookie names, and the session becomes an unscoped token at another URL.
 */
export function routeServiceProvider(
  router: Router<KeystoneState>,
  ecpRouter: Router<KeystoneState>,
  parts: ServiceProviderParts,
): void {
  const { around, identityProviders, now } = parts
  const { url } = around
  const sessions = new Map<string, Assertion>()
  const cookie = `_shibsession_${Buffer.from(url).toString('hex')}`

  ecpRouter.post('/Shibboleth.sso/SAML2/ECP', ctx => {
    const assertion = believed(ctx.state.text, identityProviders)
    if (!assertion) return shibbolethFault(ctx, 'opensaml::SecurityPolicyException')
    const meant = federationUrls(url, '').spUrl
    if (assertion.recipient !== meant || assertion.notOnOrAfterMs <= now()) {
      return shibbolethFault(ctx, 'opensaml::FatalProfileException')
    }
    for (const [session, { id, notOnOrAfterMs }] of sessions) {
      if (notOnOrAfterMs <= now()) sessions.delete(session)
      else if (id === assertion.id) return shibbolethFault(ctx, 'opensaml::ReplayException')
    }

    const session = `_${randomBytes(16).toString('hex')}`
    sessions.set(session, assertion)
    ctx.status = 302
    ctx.set('Set-Cookie', `${cookie}=${session}; path=/; HttpOnly`)
    ctx.set('Location', `${new URL(url).origin}/`) // mod_shib's home, of no use to the client
    ctx.body = ''
  })

  router.all('/v3/OS-FEDERATION/identity_providers/:idp/protocols/saml2/auth', ctx => {
    const assertion = sessions.get(ctx.cookies.get(cookie) ?? '')
    const from = identityProviders.find(({ id }) => id === ctx.params['idp'])
    if (!assertion || assertion.notOnOrAfterMs <= now()) {
      return shibbolethFault(ctx, 'shibsp::ConfigurationException')
    }
    if (!from || assertion.issuer !== entityId(from.url)) throw unauthorized()
    const token = admit(assertion, from, parts)
    answerToken(ctx, 201, token, around)
  })
}

function believed(text: string, from: readonly TrustedIdentityProvider[]): Assertion | undefined {
  return from
    .map(({ secret, url }) => {
      const assertion = readAssertion(text, secret)
      return assertion?.issuer === entityId(url) ? assertion : null
    })
    .find(assertion => assertion !== null)
}

/** The mapping: user U of project P at the identity provider becomes user U in group P here. */
function admit(
  { user, project }: Assertion,
  { id, refusedUsers }: TrustedIdentityProvider,
  { directory, tokens, now, lifetimeMs }: LoginParts,
): TokenInfo {
  if (refusedUsers.includes(user)) throw unauthorized()
  const groups = groupsNamed(project, directory)
  return tokens.issue({
    user: { id: createHash('sha256').update(`${id} ${user}`).digest('hex'), name: user, domain },
    methods: ['saml2'],
    project: null,
    roles: [],
    grants: groups.map(({ grants }) => grants),
    federation: { identityProvider: id, groups: groups.map(group => group.id) },
    applicationCredential: null,
    expiresAtMs: now() + lifetimeMs,
  })
}

const domain = { id: 'federated', name: 'Federated' }

function groupsNamed(name: string, { groups = [] }: Directory) {
  return groups.filter(group => group.name === name)
}

function entityId(url: string): string {
  return `${url}/v3/OS-FEDERATION/saml2/idp`
}

/** The response of mod_shib to everything it rejects. */
function shibbolethFault(
  ctx: { status: number; type: string; body: unknown },
  exception: string,
): void {
  ctx.status = 500
  ctx.type = 'text/html'
  ctx.body = `<html><head><title>${exception}</title></head><body><h1>${exception}</h1></body></html>`
}
