import { createHash } from 'node:crypto'
import { formatTime } from '../../src/event/time.js'
import { micros } from '../../src/ids.js'
import { DOMAIN, type ProjectEntry } from './keystone-directory.js'
import type { TokenInfo } from './keystone-token.js'

/** One service in the catalog; `$(project_id)s` in the URL stands for the token's project. */
export interface CatalogEntry {
  /** e.g. `image`, `block-storage`. */
  readonly type: string
  readonly name: string
  readonly url: string
}

/** A service provider as listed in the tokens of its identity provider. */
export interface ServiceProviderEntry {
  readonly id: string
  /** The URL to which assertions are posted. */
  readonly spUrl: string
  /** The URL that turns the resulting session into a token. */
  readonly authUrl: string
}

/** What the responses of a miniature Keystone need to know about its cloud. */
export interface KeystoneSite {
  /** URL of this Keystone, without `/v3`. */
  readonly url: string
  readonly catalog: () => readonly CatalogEntry[]
  readonly serviceProviders: readonly ServiceProviderEntry[]
}

/** `{ version: … }` of `GET /v3`, and the one entry of `GET /`. */
export function versionBody(url: string): object {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${url}/v3/` }],
    'media-types': [
      { base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' },
    ],
  }
}

/** The `token` object of `/v3/auth/tokens`. */
export function tokenBody(token: TokenInfo, around: KeystoneSite, withCatalog: boolean): object {
  const { user, project, federation, applicationCredential } = token
  return {
    methods: token.methods,
    user: {
      ...user,
      password_expires_at: null,
      ...(federation && {
        'OS-FEDERATION': {
          groups: federation.groups.map(id => ({ id })),
          identity_provider: { id: federation.identityProvider },
          protocol: { id: 'saml2' },
        },
      }),
    },
    audit_ids: token.auditIds,
    expires_at: formatTime(micros(token.expiresAtMs * 1000)),
    issued_at: formatTime(micros(token.issuedAtMs * 1000)),
    ...(project && {
      project: { domain: DOMAIN, id: project.id, name: project.name },
      is_domain: false,
      roles: token.roles.map(name => ({ id: idOf(`role ${name}`), name })),
    }),
    ...(project && withCatalog && { catalog: catalogBody(project, around) }),
    ...(around.serviceProviders.length > 0 && {
      service_providers: around.serviceProviders.map(({ id, spUrl, authUrl }) => ({
        id,
        sp_url: spUrl,
        auth_url: authUrl,
      })),
    }),
    ...(applicationCredential && {
      application_credential: {
        id: applicationCredential.id,
        restricted: true,
        ...(applicationCredential.accessRules && {
          access_rules: applicationCredential.accessRules,
        }),
      },
    }),
  }
}

export function catalogBody(project: ProjectEntry, { catalog, url }: KeystoneSite): object[] {
  const identity = { type: 'identity', name: 'keystone', url: `${url}/v3` }
  return [identity, ...catalog()].map(service => ({
    id: idOf(`service ${service.type}`),
    type: service.type,
    name: service.name,
    endpoints: ['public', 'internal', 'admin'].map(face => ({
      id: idOf(`${face} ${service.type}`),
      interface: face,
      region: 'RegionOne',
      region_id: 'RegionOne',
      url: service.url.replaceAll('$(project_id)s', project.id),
    })),
  }))
}

export function projectBody({ id, name, enabled = true }: ProjectEntry, url: string): object {
  return {
    id,
    name,
    enabled,
    domain_id: DOMAIN.id,
    parent_id: DOMAIN.id,
    description: '',
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${url}/v3/projects/${id}` },
  }
}

export function listBody(key: string, items: readonly object[], self: string): object {
  return { [key]: items, links: { next: null, self, previous: null } }
}

/** 32 hex digits that are the same at every start. */
function idOf(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
