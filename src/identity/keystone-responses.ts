import * as z from 'zod'
import { parseTime } from '../event/time.js'
import { projectId } from '../ids.js'
import { parseJson } from '../json.js'
import { lenientList, requiredLenientList } from '../lenient-list.js'
import { redactText } from '../redaction.js'
import type { CatalogService } from './catalog.js'
import type { Caller, Project } from './identity.js'
import type { KeystoneResponse } from './keystone-connection.js'

/** Keystone's description of a token (`GET` and `POST /v3/auth/tokens`). */
export interface TokenDescription extends Caller {
  readonly catalog: readonly CatalogService[]
  /** The enabled service providers that this Keystone knows. */
  readonly serviceProviders: readonly KnownServiceProvider[]
}

export interface KnownServiceProvider {
  readonly id: string
  readonly spUrl: string
  readonly authUrl: string
}

/** A text that nothing depends on. It is null if it is absent or not a text. */
const optionalText = z.string().nullable().catch(null)

const domain = z.object({ id: optionalText, name: optionalText }).nullable().catch(null)

/**
 * The id of a project, as long as Keystone's column for it. A service provider could send any text, which
 * would get into error messages and URLs.
 */
const projectIdText = z.string().min(1).max(64)
/** A longer name is as good as none. Keystone's own limit is the same. */
const projectName = z.string().max(64).nullable().catch(null)

/** Only the id is always present. A project that acts as a domain has no domain. */
const project = z.object({ id: projectIdText, name: projectName, domain })

const catalogService = z.object({
  type: z.string(),
  endpoints: lenientList(
    z.object({
      interface: z.string(),
      region_id: optionalText,
      region: optionalText,
      url: z.string(),
    }),
  ),
})

/**
 * The members of a token description that Mixmatch uses
 * (https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token). Members that
 * some release of Keystone leaves out or sets to null are optional.
 */
const tokenResponse = z.object({
  token: z.object({
    user: z.object({ id: z.string(), name: optionalText }),
    project: project.nullish(),
    roles: lenientList(z.object({ name: z.string() })),
    expires_at: z.string().nullish(),
    catalog: lenientList(catalogService),
    service_providers: lenientList(
      z.object({ id: z.string(), sp_url: z.string(), auth_url: z.string() }),
    ),
    // Access rules limit a token, so access rules in an unknown form must not count as no access rules.
    application_credential: z.object({ access_rules: z.unknown() }).partial().nullish(),
  }),
})

/** @returns null if the response does not describe a token */
export function parseToken({ body }: KeystoneResponse): TokenDescription | null {
  const token = tokenResponse.safeParse(parseJson(body.toString())).data?.token
  const expiresAtMs = token ? expiryOf(token.expires_at) : null
  if (!token || expiresAtMs === null) return null
  return {
    userId: token.user.id,
    userName: token.user.name ?? token.user.id,
    project: token.project ? toProject(token.project) : null,
    roles: token.roles.map(role => role.name),
    expiresAtMs,
    // An empty list of rules allows nothing. No list, or null, allows everything.
    hasAccessRules: (token.application_credential?.access_rules ?? null) !== null,
    catalog: token.catalog.map(({ type, endpoints }) => ({
      type,
      endpoints: endpoints.map(({ region_id, region, ...rest }) => ({
        ...rest,
        region: region_id ?? region,
      })),
    })),
    serviceProviders: token.service_providers.map(({ id, sp_url, auth_url }) => ({
      id,
      spUrl: sp_url,
      authUrl: auth_url,
    })),
  }
}

/** Milliseconds since 1970; null if the time cannot be read. No time means that the token never expires. */
function expiryOf(time: string | null | undefined): number | null {
  if (time === null || time === undefined) return Number.POSITIVE_INFINITY
  const expiresAt = parseTime(time)
  return expiresAt === null ? null : Math.floor(expiresAt / 1000)
}

const projectsResponse = z.object({
  projects: requiredLenientList(
    z.object({
      id: projectIdText,
      name: projectName,
      domain_id: optionalText,
      enabled: z.boolean().nullish(),
      is_domain: z.boolean().nullish(),
    }),
  ),
})

/**
 * The projects of `GET /v3/auth/projects` that a token can be scoped to.
 *
 * @returns null if the response is not a list of projects
 */
export function parseProjects({ body }: KeystoneResponse): readonly Project[] | null {
  const list = projectsResponse.safeParse(parseJson(body.toString())).data?.projects
  return (
    list
      ?.filter(({ enabled, is_domain }) => enabled !== false && is_domain !== true)
      .map(({ id, name, domain_id }) => ({
        id: projectId(id),
        name: name ?? id,
        domainId: domain_id,
        domainName: null,
      })) ?? null
  )
}

const keystoneFault = z.object({ error: z.object({ message: z.string() }) })

/** Whether Keystone itself sent the response, and not another server at that address. */
export function isKeystoneFault({ body }: KeystoneResponse): boolean {
  return keystoneFault.safeParse(parseJson(body.toString())).success
}

const MAX_SUMMARY = 200
/** The searched part of a page: longer than Shibboleth's pages, short enough for slow regular expressions. */
const MAX_PAGE = 8 * 1024

/**
 * Summarize an unexpected response for an error message: the status with Keystone's message, or with the
 * title and last paragraph of a Shibboleth page. Secrets are redacted.
 */
export function summarizeResponse(response: KeystoneResponse): string {
  const fault = keystoneFault.safeParse(parseJson(response.body.toString())).data?.error.message
  const page = () => summarizePage(response.body.toString('utf8', 0, MAX_PAGE))
  const words = redactText(fault?.slice(0, MAX_PAGE) ?? page())
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_SUMMARY)
  return words === '' ? `answered ${response.status}` : `answered ${response.status} (${words})`
}

function summarizePage(html: string): string {
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
