import { z } from 'zod'
import { parseTime } from '../event/time.js'
import { type ProjectId, projectId } from '../ids.js'
import type { CatalogService } from './catalog.js'
import type { Answer } from './connection.js'
import type { Caller, Project } from './identity.js'

/** What a token's own description (`GET` and `POST /v3/auth/tokens`) tells us. */
export interface TokenDescription extends Caller {
  readonly catalog: readonly CatalogService[]
  /** The enabled service providers that its Keystone knows, as ids and URLs of their own. */
  readonly serviceProviders: readonly KnownServiceProvider[]
}

export interface KnownServiceProvider {
  readonly id: string
  readonly spUrl: string
  readonly authUrl: string
}

const named = z.object({ id: z.string(), name: z.string() })

const tokenAnswer = z.object({
  token: z.object({
    user: named,
    project: named.extend({ domain: named }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
    expires_at: z.string(),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              region_id: z.string().nullish(),
              region: z.string().nullish(),
              url: z.string(),
            }),
          ),
        }),
      )
      .default([]),
    service_providers: z
      .array(z.object({ id: z.string(), sp_url: z.string(), auth_url: z.string() }))
      .default([]),
    application_credential: z.object({ access_rules: z.unknown() }).partial().optional(),
  }),
})

/** @returns null where the answer is no description of a token */
export function parseToken({ body }: Answer): TokenDescription | null {
  const token = tokenAnswer.safeParse(parseJson(body)).data?.token
  const expiresAt = token ? parseTime(token.expires_at) : null
  if (!token || expiresAt === null) return null
  return {
    userId: token.user.id,
    userName: token.user.name,
    project: token.project ? toProject(token.project) : null,
    roles: token.roles.map(role => role.name),
    expiresAtMs: Math.floor(expiresAt / 1000),
    // Rules that are there but empty allow nothing; absent or null ones allow all.
    hasAccessRules: (token.application_credential?.access_rules ?? null) !== null,
    catalog: token.catalog.map(({ type, endpoints }) => ({
      type,
      endpoints: endpoints.map(({ region_id, region, ...rest }) => ({
        ...rest,
        region: region_id ?? region ?? null,
      })),
    })),
    serviceProviders: token.service_providers.map(({ id, sp_url, auth_url }) => ({
      id,
      spUrl: sp_url,
      authUrl: auth_url,
    })),
  }
}

const projectsAnswer = z.object({
  projects: z.array(
    named.extend({
      domain_id: z.string(),
      enabled: z.boolean().default(true),
      is_domain: z.boolean().default(false),
    }),
  ),
})

/**
 * The projects of `GET /v3/auth/projects` that a token can be scoped to.
 *
 * @returns null where the answer is no list of projects
 */
export function parseProjects({ body }: Answer): readonly Project[] | null {
  const list = projectsAnswer.safeParse(parseJson(body)).data?.projects
  return (
    list
      ?.filter(project => project.enabled && !project.is_domain)
      .map(({ id, name, domain_id }) => ({
        id: projectId(id),
        name,
        domainId: domain_id,
        domainName: null,
      })) ?? null
  )
}

const keystoneFault = z.object({ error: z.object({ message: z.string() }) })

/** Whether Keystone itself answered, and not something else at that address. */
export function isKeystoneFault({ body }: Answer): boolean {
  return keystoneFault.safeParse(parseJson(body)).success
}

const LONGEST_SAYING = 200
/** Fernet's look, and that of a JWS. */
const tokens = /gAAAAA[\w=-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+/g

/**
 * What an answer says of itself, for an error: status, and Keystone's message or, of Shibboleth's
 * pages, title and last paragraph. Whatever looks like a token is left out.
 */
export function saying(answer: Answer): string {
  const text = answer.body.toString('utf8')
  const fault = keystoneFault.safeParse(parseJson(answer.body)).data?.error.message
  const words = (fault ?? wordsOfPage(text))
    .replaceAll(tokens, '[token]')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_SAYING)
  return words === '' ? `answered ${answer.status}` : `answered ${answer.status} (${words})`
}

function wordsOfPage(html: string): string {
  const title = /<title>(.*?)<\/title>/s.exec(html)?.[1] ?? ''
  const paragraphs = [...html.matchAll(/<p[^>]*>(.*?)<\/p>/gs)].map(match => match[1] ?? '')
  return [title, paragraphs.at(-1) ?? '']
    .map(part => part.replaceAll(/<[^>]*>/g, ''))
    .map(part => part.replaceAll(/&#(\d{1,5});/g, (_, digits) => String.fromCharCode(digits)))
    .filter(part => part.trim() !== '')
    .join(': ')
}

function toProject(project: {
  id: string
  name: string
  domain: { id: string; name: string }
}): Project & { id: ProjectId } {
  const { id, name, domain } = project
  return { id: projectId(id), name, domainId: domain.id, domainName: domain.name }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
