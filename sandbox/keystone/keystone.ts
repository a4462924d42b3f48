import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa from 'koa'
import Router from 'koa-router'
import { ApiFault, SERVER_ERROR } from '../api-fault.js'
import { routeApi } from './keystone-api.js'
import type { CatalogEntry, ServiceProviderEntry } from './keystone-bodies.js'
import type { Directory } from './keystone-directory.js'
import {
  routeIdentityProvider,
  routeServiceProvider,
  type TrustedIdentityProvider,
} from './keystone-federation.js'
import {
  type KeystoneRequest,
  type KeystoneState,
  type Reply,
  readText,
  renderFault,
} from './keystone-http.js'
import { createTokens, type TokenInfo } from './keystone-token.js'

interface KeystoneOptions {
  /** Its public URL, without `/v3`: `http://127.0.0.1:35001/identity`. */
  readonly url: string
  readonly directory: Directory
  /** Called for each token that is shown, so the catalog may change while the cloud runs. */
  readonly catalog: () => readonly CatalogEntry[]
  /** For an identity provider: its service providers, and the key that signs assertions. */
  readonly serviceProviders?: readonly ServiceProviderEntry[]
  readonly secret?: string
  /** For a service provider: the identity providers whose assertions it accepts. */
  readonly identityProviders?: readonly TrustedIdentityProvider[]
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly tokenLifetimeMs?: number
  readonly assertionLifetimeMs?: number
  /** Called first for each request. If it returns a response, that is sent instead of Keystone's. */
  readonly before?: (received: KeystoneRequest) => Reply | undefined | Promise<Reply | undefined>
  /** Called with unexpected errors. */
  readonly report?: (error: unknown) => void
}

export interface Keystone {
  /**
   * Handle a request whose path is below that of `url`, or below `/Shibboleth.sso`.
   *
   * @returns false for any other path; the request is untouched then
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** The token's content; null if it is unknown, expired or revoked. */
  validate(token: string): TokenInfo | null
  revoke(token: string): void
}

const HOUR_MS = 3_600_000

/**
 * A miniature Keystone v3: passwords, rescoping, application credentials, validation, projects,
 * catalog, and both ends of Keystone-to-Keystone federation. Its users and projects are fixed; the
 * tokens are kept in memory.
 *
 *     const keystone = createKeystone({ url: `${origin}/identity`, directory, catalog })
 *     server.on('request', (req, res) => keystone.handle(req, res) || answerOtherwise(req, res))
 *     keystone.validate(token)?.project?.id
 *
 * `federationUrls` in `keystone-federation.ts` gives the URLs that `serviceProviders` asks for.
 */
export function createKeystone(options: KeystoneOptions): Keystone {
  const { url, directory, catalog, now = Date.now, before = () => undefined } = options
  const { report = () => undefined, serviceProviders = [], identityProviders = [] } = options
  const tokens = createTokens(now)
  const parts = {
    around: { url, catalog, serviceProviders },
    directory,
    tokens,
    now,
    lifetimeMs: options.tokenLifetimeMs ?? HOUR_MS,
  }

  const base = new URL(url).pathname.replace(/\/$/, '')
  const router = new Router<KeystoneState>({ prefix: base })
  const ecpRouter = new Router<KeystoneState>()
  routeApi(router, parts)
  routeServiceProvider(router, ecpRouter, { ...parts, identityProviders })
  if (options.secret !== undefined) {
    const assertionLifetimeMs = options.assertionLifetimeMs ?? HOUR_MS
    routeIdentityProvider(router, { ...parts, secret: options.secret, assertionLifetimeMs })
  }

  const app = new Koa<KeystoneState>()
  app.on('error', report)
  app.use(async (ctx, next) => {
    try {
      ctx.state.text = await readText(ctx.req)
      await next()
      if (ctx.status === 404 && ctx.body === undefined) throw new ApiFault(404, 'Not found')
    } catch (error) {
      if (!(error instanceof ApiFault)) report(error)
      renderFault(ctx, error instanceof ApiFault ? error : SERVER_ERROR)
      if (ctx.status === 401) ctx.set('WWW-Authenticate', `Keystone uri="${url}/v3"`)
    }
  })
  app.use(async (ctx, next) => {
    const { method = '', url: path = '', headers } = ctx.req
    const reply = await before({ method, path, headers, body: ctx.state.text })
    if (!reply) return next()
    ctx.status = reply.status
    for (const [name, value] of Object.entries(reply.headers ?? {})) ctx.set(name, value)
    ctx.body = reply.body ?? ''
  })
  app.use(router.routes()).use(ecpRouter.routes())
  const answer = app.callback()

  return {
    handle(request, response) {
      const path = (request.url ?? '').replace(/\?.*/s, '')
      const isOurs = path === base || path.startsWith(`${base}/`)
      if (!isOurs && !path.startsWith('/Shibboleth.sso/')) return false
      answer(request, response).catch(report)
      return true
    },
    validate: tokens.find,
    revoke: tokens.revoke,
  }
}
