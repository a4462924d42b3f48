import type { Logger } from 'pino'
import type { OpsVisitor } from '../api/visitor.js'
import { Secret } from '../config/secret.js'
import { MixmatchError } from '../errors.js'
import { Token } from '../identity/token.js'
import type { ConsoleAccess } from './console-access.js'
import type { ConsoleRequest, ConsoleResponse } from './console-request.js'
import type { SessionStore } from './console-session.js'
import type { KeystoneNames } from './keystone-names.js'
import type { Page } from './page-request.js'
import { loginPage, type Rejection } from './pages/login-page.js'

interface LoginParts {
  readonly access: ConsoleAccess
  readonly sessions: SessionStore
  readonly names: KeystoneNames
  readonly logger: Logger
}

interface Login {
  /** Respond to `/console/login` and `/console/logout`. */
  respond(request: ConsoleRequest, name: 'login' | 'logout'): Promise<Page | ConsoleResponse>
  /** null if the request has no session, or Keystone rejects its token meanwhile. @throws IDENTITY_UNAVAILABLE */
  findVisitor(request: ConsoleRequest): Promise<OpsVisitor | null>
}

/** Each login costs Keystone a password hash, so only a few run at the same time. */
const MOST_AT_ONCE = 4
const COOKIE = 'mixmatch_console'

/** Log people in with Keystone, into a cookie that scripts and other sites cannot use. */
export function createLogin({ access, sessions, names, logger }: LoginParts): Login {
  let running = 0

  async function logIn(request: ConsoleRequest): Promise<Page | ConsoleResponse> {
    const form = await request.form()
    const next = safeTarget(form?.get('next') ?? '')
    if (form === null) return loginPage(next, rejections.long)
    if (running >= MOST_AT_ONCE) return loginPage(next, rejections.busy)
    running += 1
    try {
      const token = await tokenOf(form, access)
      const visitor = await access.admit(token)
      names.add(visitor, await namesFor(token))
      const id = sessions.begin({ token, expiresAtMs: visitor.expiresAtMs })
      const headers = { Location: next, 'Set-Cookie': cookie(request, id) }
      return { status: 303, headers, body: '', visitor }
    } catch (error) {
      if (!(error instanceof MixmatchError)) throw error
      logger.warn({ code: error.code, reason: error.message }, 'console: login rejected')
      return loginPage(next, { ...(byCode[error.code] ?? rejections.unanswered), code: error.code })
    } finally {
      running -= 1
    }
  }

  /** The login succeeds without the names of projects. */
  async function namesFor(token: Token) {
    try {
      return await access.listProjects(token)
    } catch (error) {
      if (!(error instanceof MixmatchError)) throw error
      logger.warn(
        { code: error.code, reason: error.message },
        'console: cannot read the names of projects, so it shows their ids',
      )
      return []
    }
  }

  return {
    async respond(request, name) {
      if (request.method !== 'POST') {
        if (name === 'logout') return { status: 303, headers: { Location: '/console/' }, body: '' }
        return loginPage(safeTarget(request.query.get('next') ?? ''))
      }
      if (!isOwnForm(request)) return loginPage('/console/', rejections.foreign)
      if (name === 'login') return logIn(request)
      sessions.end(sessionId(request))
      const headers = {
        Location: '/console/login',
        'Set-Cookie': cookie(request, '', '; Max-Age=0'),
      }
      return { status: 303, headers, body: '' }
    },
    async findVisitor(request) {
      const id = sessionId(request)
      const session = sessions.find(id)
      if (session === null) return null
      try {
        return await access.admit(session.token)
      } catch (error) {
        const isRejected =
          error instanceof MixmatchError && ['NOT_AUTHENTICATED', 'FORBIDDEN'].includes(error.code)
        if (!isRejected) throw error
        sessions.end(id)
        return null
      }
    },
  }
}

const rejections = {
  long: { status: 413, code: 'BODY_TOO_LARGE', message: 'The form is too long.' },
  busy: {
    status: 429,
    code: 'OVERLOADED',
    message: 'Too many people log in at the same time. Try again.',
  },
  foreign: {
    status: 403,
    code: 'FORBIDDEN',
    message: 'The form did not come from a page of the console. Use this form.',
  },
  unanswered: {
    status: 502,
    code: 'IDENTITY_UNAVAILABLE',
    message: 'Keystone does not answer as expected. Try again later.',
  },
} satisfies Record<string, Rejection>

/** By the code of the error. */
const byCode: Readonly<Record<string, Omit<Rejection, 'code'>>> = {
  NOT_AUTHENTICATED: {
    status: 401,
    message:
      'Keystone does not accept this login. Check user, password, project and domains, or the token.',
  },
  FORBIDDEN: {
    status: 403,
    message:
      'This user may not use the console: it has none of the roles in [ops] admin_roles and reader_roles.',
  },
}

/** @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE */
async function tokenOf(form: URLSearchParams, access: ConsoleAccess): Promise<Token> {
  const field = (name: string) => (form.get(name) ?? '').trim()
  const token = field('token')
  if (token !== '') return new Token(token)
  return access.logIn({
    username: field('user'),
    password: new Secret(form.get('password') ?? ''),
    userDomainId: field('user_domain') || 'default',
    projectName: field('project'),
    projectDomainId: field('project_domain') || 'default',
  })
}

/**
 * Whether a form was sent by a page of this origin. Without this, another site could log a browser in as
 * somebody else. Every current browser sends at least one of these headers with a form.
 */
function isOwnForm({ header }: ConsoleRequest): boolean {
  const site = header('sec-fetch-site')
  if (site !== '') return site === 'same-origin'
  const origin = header('origin')
  return origin !== '' && origin !== 'null' && URL.parse(origin)?.host === header('host')
}

/** A path of the console; never another site: `//evil.example` begins with a slash, too. */
function safeTarget(text: string): string {
  return /^\/console\/[!-[\]-~]*$/.test(text) ? text : '/console/'
}

function cookie(request: ConsoleRequest, id: string, more = ''): string {
  const secure = request.isSecure ? '; Secure' : ''
  return `${COOKIE}=${id}; Path=/console; HttpOnly; SameSite=Strict${secure}${more}`
}

function sessionId({ header }: ConsoleRequest): string {
  const pairs = header('cookie')
    .split(';')
    .map(pair => pair.trim().split('='))
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? ''
}
