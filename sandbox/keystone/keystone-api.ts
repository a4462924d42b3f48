import type Router from 'koa-router'
import { ApiFault } from '../api-fault.js'
import {
  catalogBody,
  type KeystoneSite,
  listBody,
  projectBody,
  versionBody,
} from './keystone-bodies.js'
import { rolesOn } from './keystone-directory.js'
import { answerToken, type KeystoneState, parseBody } from './keystone-http.js'
import { type LoginParts, login, loginRequest, unauthorized } from './keystone-login.js'
import type { TokenInfo } from './keystone-token.js'

interface ApiParts extends LoginParts {
  readonly around: KeystoneSite
}

/** The identity API without federation: versions, tokens, projects, users. */
export function routeApi(router: Router<KeystoneState>, parts: ApiParts): void {
  const { directory, tokens, around } = parts
  const { url } = around

  router.get('/', ctx => {
    ctx.status = 300
    ctx.body = { versions: { values: [versionBody(url)] } }
  })
  router.get('/v3', ctx => {
    ctx.body = { version: versionBody(url) }
  })

  router.post('/v3/auth/tokens', ctx => {
    const token = login(parseBody(ctx.state.text, loginRequest), parts)
    answerToken(ctx, 201, token, around)
  })
  router.get('/v3/auth/tokens', ctx => answerToken(ctx, 200, subjectOf(ctx), around))
  router.delete('/v3/auth/tokens', ctx => {
    tokens.revoke(subjectOf(ctx).id)
    ctx.status = 204
  })

  router.get(['/v3/auth/projects', '/v3/OS-FEDERATION/projects'], ctx => {
    ctx.body = projectsOf(callerOf(ctx), ctx.path)
  })
  router.get('/v3/auth/domains', ctx => {
    callerOf(ctx)
    ctx.body = listBody('domains', [], `${url}/v3/auth/domains`)
  })
  router.get('/v3/auth/catalog', ctx => {
    const { project } = callerOf(ctx)
    if (!project) throw new ApiFault(403, 'This is not a recognized Fernet token payload version')
    ctx.body = { ...listBody('catalog', catalogBody(project, around), `${url}/v3/auth/catalog`) }
  })
  router.get('/v3/users/:id', ctx => {
    const { user } = ownRecord(ctx)
    const links = { self: `${url}/v3/users/${user.id}` }
    ctx.body = {
      user: { id: user.id, name: user.name, domain_id: user.domain.id, enabled: true, links },
    }
  })
  router.get('/v3/users/:id/projects', ctx => {
    ctx.body = projectsOf(ownRecord(ctx), ctx.path)
  })
  router.get('/v3/projects', ctx => {
    if (!callerOf(ctx).roles.includes('admin')) throw forbidden('identity:list_projects')
    const { name } = ctx.query
    const found = directory.projects.filter(entry => name === undefined || entry.name === name)
    const bodies = found.map(entry => projectBody(entry, url))
    ctx.body = listBody('projects', bodies, `${url}/v3/projects`)
  })
  router.get('/v3/projects/:id', ctx => {
    const caller = callerOf(ctx)
    const project = directory.projects.find(({ id }) => id === ctx.params['id'])
    const visible = caller.roles.includes('admin') || caller.project?.id === project?.id
    if (!visible) throw forbidden('identity:get_project')
    if (!project) throw new ApiFault(404, `Could not find project: ${ctx.params['id']}.`)
    ctx.body = { project: projectBody(project, url) }
  })

  type Asked = { get(field: string): string; readonly params: Readonly<Record<string, string>> }

  function callerOf(ctx: Pick<Asked, 'get'>): TokenInfo {
    const token = tokens.find(ctx.get('X-Auth-Token'))
    if (!token) throw unauthorized()
    return token
  }

  /** Users may validate their own token; services and administrators any token. */
  function subjectOf(ctx: Pick<Asked, 'get'>): TokenInfo {
    const caller = callerOf(ctx)
    const subject = tokens.find(ctx.get('X-Subject-Token'))
    const privileged = caller.roles.some(role => role === 'admin' || role === 'service')
    const understandsRules = ctx.get('OpenStack-Identity-Access-Rules') !== ''
    if (!subject || (subject.applicationCredential?.accessRules && !understandsRules)) {
      throw new ApiFault(404, 'Could not recognize Fernet token')
    }
    if (subject.id !== caller.id && !privileged) throw forbidden('identity:validate_token')
    return subject
  }

  function ownRecord(ctx: Asked): TokenInfo {
    const caller = callerOf(ctx)
    if (ctx.params['id'] !== caller.user.id) throw forbidden('identity:get_user')
    return caller
  }

  function projectsOf(caller: TokenInfo, path: string): object {
    const theirs = directory.projects.filter(entry => rolesOn(entry, caller.grants).length > 0)
    const bodies = theirs.map(entry => projectBody(entry, url))
    return listBody('projects', bodies, new URL(path, url).href)
  }
}

function forbidden(policy: string): ApiFault {
  return new ApiFault(403, `You are not authorized to perform the requested action: ${policy}.`)
}
