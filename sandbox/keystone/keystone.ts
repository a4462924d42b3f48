import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa from 'koa'
import Router from 'koa-router'
import { BROKEN, Refusal } from '../refusal.js'
import { routeApi } from './keystone-api.js'
import type { CatalogEntry, ServiceProviderEntry } from './keystone-bodies.js'
import type { Directory } from './keystone-directory.js'
import {
  routeIdentityProvider,
  routeServiceProvider,
  type TrustedIdentityProvider,
} from './keystone-federation.js'
import {
  type KeystoneState,
  type Received,
  type Reply,
  readText,
  renderFault,
} from './keystone-http.js'
import { createTokens, type TokenInfo } from './keystone-token.js'

export interface KeystoneOptions {
  /** Where it will be reached, without `/v3`: `http://127.0.0.1:35001/identity`. */
  readonly url: string
  readonly directory: Directory
  /** Asked for every token that is shown, so that it may change while the cloud runs. */
  readonly catalog: () => readonly CatalogEntry[]
  /** As an identity provider: where its users may go, and what its assertions are signed with. */
  readonly serviceProviders?: readonly ServiceProviderEntry[]
  readonly secret?: string
  /** As a service provider: whose users may come. */
  readonly identityProviders?: readonly TrustedIdentityProvider[]
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly tokenLifetimeMs?: number
  readonly assertionLifetimeMs?: number
  /** Sees every request first. What it returns is answered in Keystone's stead. */
  readonly before?: (received: Received) => Reply | undefined | Promise<Reply | undefined>
  /** Where what was not foreseen is told. */
  readonly report?: (error: unknown) => void
}

export interface Keystone {
  /**
   * Answer what is below the path of `url`, or below `/Shibboleth.sso`.
   *
   * @returns false, the request untouched, where the path is neither
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Whom a token belongs to, null where it is unknown, expired or revoked. */
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
      if (ctx.status === 404 && ctx.body === undefined) throw new Refusal(404, 'Not found')
    } catch (error) {
      if (!(error instanceof Refusal)) report(error)
      renderFault(ctx, error instanceof Refusal ? error : BROKEN)
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
