import test from 'ava'
import fc from 'fast-check'
import { parseVersions } from '../../src/aggregate/versions/version-documents.js'
import type { KeystoneResponse } from '../../src/identity/keystone-connection.js'
import {
  parseProjects,
  parseToken,
  summarizeResponse,
} from '../../src/identity/keystone-responses.js'
import { identityOf } from './identities.js'
import { ids, startKeystones } from './keystones.js'

/** Responses of several releases of Keystone, with members that its API allows to be null or absent. */

const answer = (document: unknown): KeystoneResponse => ({
  status: 200,
  header: () => null,
  setCookies: [],
  body: Buffer.from(JSON.stringify(document)),
})

const token = {
  methods: ['password'],
  user: { id: 'u1', name: 'alice', domain: { id: 'default', name: 'Default' } },
  expires_at: '2026-11-23T13:20:06.000000Z',
  issued_at: '2026-11-23T12:20:06.000000Z',
  audit_ids: ['3T2dc1CGQxyJsHdDu1xkcw'],
}
const project = { id: ids.demo, name: 'demo', domain: { id: 'default', name: 'Default' } }
const parsed = (members: object) => parseToken(answer({ token: { ...token, ...members } }))

const tokens: readonly [what: string, members: object, expected: object][] = [
  ['that never expires', { expires_at: null }, { expiresAtMs: Number.POSITIVE_INFINITY }],
  [
    'with whole seconds only',
    { expires_at: '2013-02-27T18:30:59Z' },
    { expiresAtMs: 1361989859000 },
  ],
  [
    'of a user without a name',
    { user: { id: 'u1', name: null } },
    { userId: 'u1', userName: 'u1' },
  ],
  [
    'of a federated user, whose domain has no id',
    { user: { id: 'u1', name: 'alice', domain: { name: 'Federated' }, 'OS-FEDERATION': {} } },
    { userName: 'alice' },
  ],
  [
    'on a project that acts as a domain',
    { project: { ...project, domain: { id: null, name: null } }, is_domain: true },
    { project: { id: ids.demo, name: 'demo', domainId: null, domainName: null } },
  ],
  [
    'on a project that acts as a domain, in older releases',
    { project: { ...project, domain: null } },
    { project: { id: ids.demo, name: 'demo', domainId: null, domainName: null } },
  ],
  [
    'without a project, said with null',
    { project: null, roles: null },
    { project: null, roles: [] },
  ],
  [
    'on the whole system',
    { system: { all: true }, roles: [{ id: 'r', name: 'admin' }] },
    { roles: ['admin'] },
  ],
  [
    'with a role that has no name',
    { project, roles: [{ id: 'r1' }, { id: 'r2', name: 'member', domain_id: null }, null] },
    { roles: ['member'] },
  ],
  [
    'with nothing in its catalog',
    { catalog: null, service_providers: null },
    { catalog: [], serviceProviders: [] },
  ],
  [
    'with services and endpoints in its catalog that are half described',
    {
      catalog: [
        { id: 's1', type: null, name: 'nameless', endpoints: [] },
        { id: 's2', type: 'compute', name: 'nova' },
        null,
        {
          type: 'image',
          name: null,
          endpoints: [
            { interface: 'public', region_id: null, region: null, url: null },
            { interface: null, url: 'http://glance:9292' },
            { id: 'e3', interface: 'public', region_id: null, url: 'http://glance:9292' },
          ],
        },
      ],
    },
    {
      catalog: [
        { type: 'compute', endpoints: [] },
        {
          type: 'image',
          endpoints: [{ interface: 'public', region: null, url: 'http://glance:9292' }],
        },
      ],
    },
  ],
  [
    'with a service provider that has no URLs',
    {
      service_providers: [
        { id: 'sp0', sp_url: null, auth_url: null },
        { id: 'sp1', sp_url: 'https://sp1/ECP', auth_url: 'https://sp1/v3' },
      ],
    },
    { serviceProviders: [{ id: 'sp1', spUrl: 'https://sp1/ECP', authUrl: 'https://sp1/v3' }] },
  ],
  [
    'without an application credential',
    { application_credential: null },
    { hasAccessRules: false },
  ],
  [
    'from an application credential of a release that knows no access rules',
    { application_credential: { id: 'ac', name: 'ci', restricted: true } },
    { hasAccessRules: false },
  ],
  [
    'from an application credential whose rules allow nothing',
    { application_credential: { id: 'ac', access_rules: [] } },
    { hasAccessRules: true },
  ],
]
for (const [what, members, expected] of tokens) {
  test(`a token ${what} is read`, t => {
    t.like(parsed(members), expected)
  })
}

test('a token description without a required member is not read', t => {
  t.is(parsed({ user: { name: 'alice' } }), null)
  t.is(parsed({ expires_at: 'tomorrow' }), null)
  t.is(parseToken(answer({ token: null })), null)
  t.is(parseToken(answer([])), null)
})

test('a project that cannot be read is left out of the list', t => {
  const projects = [
    { id: 'p1', name: 'one', domain_id: null, enabled: true, is_domain: false, parent_id: null },
    { id: 'p2', name: null },
    { id: 'p3', name: 'three', domain_id: 'default', description: null, enabled: null, tags: null },
    { id: 'p4', name: 'closed', domain_id: 'default', enabled: false },
    { id: 'p5', name: 'a domain', domain_id: null, is_domain: true },
    { id: null, name: 'none' },
    'p7',
  ]
  t.deepEqual(
    parseProjects(answer({ projects }))?.map(({ id, name, domainId }) => [
      id as string,
      name,
      domainId,
    ]),
    [
      ['p1', 'one', null],
      ['p2', 'p2', null],
      ['p3', 'three', 'default'],
    ],
  )
})

test('a project with an id that is longer than in Keystone is left out, and a longer name is not used', t => {
  const [atLimit, tooLong] = ['p'.repeat(64), 'p'.repeat(65)]
  const projects = [{ id: tooLong }, { id: '' }, { id: atLimit, name: tooLong }]
  t.deepEqual(
    parseProjects(answer({ projects }))?.map(({ id, name }) => [id, name]),
    [[atLimit, atLimit]],
  )
  t.is(parsed({ project: { id: tooLong, name: 'demo' } }), null)
})

test('a list of something else does not count as an empty list of projects', t => {
  t.deepEqual(parseProjects(answer({ projects: [] })), [])
  t.is(parseProjects(answer({ projects: [{ id: 1 }] })), null)
  t.is(parseProjects(answer({ projects: null })), null)
  t.is(parseProjects(answer({ domains: [] })), null)
})

test('versions are read one by one', t => {
  const versions = [
    {
      id: 'v3.0',
      status: 'CURRENT',
      links: null,
      min_version: '3.0',
      version: '3.70',
      updated: null,
    },
    {
      id: 'v2.0',
      links: [{ href: 'http://cinder/v2/' }, { rel: 'self', href: 'http://cinder/v2/' }],
    },
    { status: 'SUPPORTED' },
  ]
  const read = parseVersions({ status: 300, headers: [], text: JSON.stringify({ versions }) })
  t.deepEqual(
    read?.versions.map(({ id, status, links }) => [id, status, links.length]),
    [
      ['v3.0', 'CURRENT', 0],
      ['v2.0', '', 1],
    ],
  )
  const elsewhere = { versions: { values: [{ id: 'v3.14' }] } } // as Keystone answers
  t.is(parseVersions({ status: 300, headers: [], text: JSON.stringify(elsewhere) }), null)
})

test('a user with incomplete projects and an incomplete catalog is admitted', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const user = await visitor(await clouds.login())
  const odd = [
    { id: ids.spDemo, name: 'demo', domain_id: null, enabled: null },
    { id: '9'.repeat(32), name: null, enabled: true, links: null },
    { name: 'without an id' },
  ]
  clouds.sp.answer(({ path }) =>
    path.endsWith('/auth/projects')
      ? { status: 200, body: JSON.stringify({ projects: odd, links: { next: null } }) }
      : undefined,
  )
  const image = {
    type: 'image',
    endpoints: [{ interface: 'public', url: `${clouds.sp.url}/image` }],
  }
  const scoped = { ...token, project: { id: ids.spDemo, name: 'demo', domain: null } }
  const body = { token: { ...scoped, expires_at: null, catalog: [null, { type: null }, image] } }
  clouds.sp.answer(({ method, path }) =>
    method === 'POST' && path.endsWith('/auth/tokens')
      ? { status: 201, headers: { 'X-Subject-Token': 'gAAAAAscoped' }, body: JSON.stringify(body) }
      : undefined,
  )
  t.is((await user.projects()).length, 2)
  const access = await user.access(ids.spDemo)
  t.is(access.endpoints.get('image'), `${clouds.sp.url}/image`)
  t.is(access.token.reveal(), 'gAAAAAscoped')
})

test('only the beginning of a long page is searched for a summary', t => {
  const hostile = {
    status: 500,
    header: () => null,
    setCookies: [],
    body: Buffer.alloc(4_000_000, '<p'),
  }
  t.is(summarizeResponse(hostile), 'answered 500')
  const token = `eyJ${'x'.repeat(100)}.${'y'.repeat(9_000)}.z`
  const long = answer({ error: { message: `Token ${token} is unknown.` } })
  t.is(summarizeResponse(long), 'answered 200 (Token ***)')
})

test('no response makes a parser throw, and an invalid entry of a list does not affect the others', t => {
  const good = { id: 'p1', name: 'one', domain_id: 'default', enabled: true, is_domain: false }
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.jsonValue(), { maxLength: 5 }), (value, others) => {
      parseToken(answer(value))
      parseProjects(answer(value))
      summarizeResponse(answer(value))
      const projects = [...others, good]
      t.true(parseProjects(answer({ projects }))?.some(({ id }) => id === 'p1'))
      t.is(parsed({ catalog: value, roles: others, service_providers: value })?.userId, 'u1')
    }),
  )
})
