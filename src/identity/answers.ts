import { z } from 'zod'
import { parseTime } from '../event/time.js'
import { projectId } from '../ids.js'
import { parseJson } from '../json.js'
import { lenientList, requiredLenientList } from '../lenient-list.js'
import { redactText } from '../redaction.js'
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

const domain = z.object({ id: z.string().nullish(), name: z.string().nullish() })

/** Only ids are always there: a project that acts as a domain is in no domain itself. */
const project = z.object({
  id: z.string(),
  name: z.string().nullish(),
  domain: domain.nullish(),
})

const catalogService = z.object({
  type: z.string(),
  endpoints: lenientList(
    z.object({
      interface: z.string(),
      region_id: z.string().nullish(),
      region: z.string().nullish(),
      url: z.string(),
    }),
  ),
})

/**
 * What is used of a token's description
 * (https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token), with
 * all that Keystone, in any of its releases, may leave out or answer null for.
 */
const tokenAnswer = z.object({
  token: z.object({
    user: z.object({ id: z.string(), name: z.string().nullish() }),
    project: project.nullish(),
    roles: lenientList(z.object({ name: z.string() })),
    expires_at: z.string().nullish(),
    catalog: lenientList(catalogService),
    service_providers: lenientList(
      z.object({ id: z.string(), sp_url: z.string(), auth_url: z.string() }),
    ),
    // Rules decide what a token may do: a shape that is not known is no reason to see none in it.
    application_credential: z.object({ access_rules: z.unknown() }).partial().nullish(),
  }),
})

/** @returns null where the answer is no description of a token */
export function parseToken({ body }: Answer): TokenDescription | null {
  const token = tokenAnswer.safeParse(parseJson(body.toString())).data?.token
  const expiresAtMs = token ? expiryOf(token.expires_at) : null
  if (!token || expiresAtMs === null) return null
  return {
    userId: token.user.id,
    userName: token.user.name ?? token.user.id,
    project: token.project ? toProject(token.project) : null,
    roles: token.roles.map(role => role.name),
    expiresAtMs,
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

/** Keystone's word for a token that never expires is null. */
function expiryOf(time: string | null | undefined): number | null {
  if (time === null || time === undefined) return Number.POSITIVE_INFINITY
  const expiresAt = parseTime(time)
  return expiresAt === null ? null : Math.floor(expiresAt / 1000)
}

const projectsAnswer = z.object({
  projects: requiredLenientList(
    z.object({
      id: z.string(),
      name: z.string().nullish(),
      domain_id: z.string().nullish(),
      enabled: z.boolean().nullish(),
      is_domain: z.boolean().nullish(),
    }),
  ),
})

/**
 * The projects of `GET /v3/auth/projects` that a token can be scoped to.
 *
 * @returns null where the answer is no list of projects
 */
export function parseProjects({ body }: Answer): readonly Project[] | null {
  const list = projectsAnswer.safeParse(parseJson(body.toString())).data?.projects
  return (
    list
      ?.filter(({ enabled, is_domain }) => enabled !== false && is_domain !== true)
      .map(({ id, name, domain_id }) => ({
        id: projectId(id),
        name: name ?? id,
        domainId: domain_id ?? null,
        domainName: null,
      })) ?? null
  )
}

const keystoneFault = z.object({ error: z.object({ message: z.string().nullish() }) })

/** Whether Keystone itself answered, and not something else at that address. */
export function isKeystoneFault({ body }: Answer): boolean {
  return keystoneFault.safeParse(parseJson(body.toString())).success
}

const LONGEST_SAYING = 200
/** Of a page, more than Shibboleth's have, and little enough to be searched at once whatever is in it. */
const LONGEST_PAGE = 8 * 1024

/**
 * What an answer says of itself, for an error: status, and Keystone's message or, of Shibboleth's
 * pages, title and last paragraph. Whatever looks like a secret is left out.
 */
export function saying(answer: Answer): string {
  const fault = keystoneFault.safeParse(parseJson(answer.body.toString())).data?.error.message
  const page = () => wordsOfPage(answer.body.toString('utf8', 0, LONGEST_PAGE))
  const words = redactText(fault?.slice(0, LONGEST_PAGE) ?? page())
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

function toProject({ id, name, domain }: z.infer<typeof project>): Project {
  return {
    id: projectId(id),
    name: name ?? id,
    domainId: domain?.id ?? null,
    domainName: domain?.name ?? null,
  }
}
