import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { Cloud } from '../../sandbox/cloud.js'
import { startFederation } from '../../sandbox/federation.js'
import { people } from '../../sandbox/people.js'
import { call, logIn, startClouds } from './clouds.js'

test('a user of the identity provider logs in at service providers by federation, and has projects there', async t => {
  const federation = await startClouds(t)
  const { token } = await logIn(federation.cloud('default'))
  for (const name of ['sp1', 'sp2']) {
    const there = await cross(federation.cloud('default'), name, token)
    const { keystoneUrl, imageUrl } = federation.cloud(name)
    const headers = { 'X-Auth-Token': there }
    const { json } = await call('GET', `${keystoneUrl}/auth/projects`, { headers })
    const names = json.projects.map((project: { name: string }) => project.name)
    t.deepEqual(names.sort(), ['demo', 'demo2'])
    t.is((await call('GET', `${imageUrl}/v2/images`, { headers })).status, 401, 'not scoped yet')

    const [project] = json.projects
    const scoped = await call('POST', `${keystoneUrl}/auth/tokens`, {
      json: {
        auth: {
          identity: { methods: ['token'], token: { id: there } },
          scope: { project: { id: project.id } },
        },
      },
    })
    const own = { 'X-Auth-Token': scoped.headers.get('X-Subject-Token') ?? '' }
    t.is((await call('GET', `${imageUrl}/v2/images`, { headers: own })).status, 200)
  }
})

test('a token of one cloud is not valid at another', async t => {
  const federation = await startClouds(t)
  const { call } = await logIn(federation.cloud('default'))
  t.is((await call('GET', `${federation.cloud('sp1').imageUrl}/v2/images`)).status, 401)
})

test('administrators and service users cannot log in by federation', async t => {
  const federation = await startClouds(t)
  for (const user of [people.admin, people.mixmatch]) {
    const { token } = await logIn(federation.cloud('default'), user)
    await t.throwsAsync(cross(federation.cloud('default'), 'sp1', token), { message: /401|403/ })
  }
})

test('pointCatalogAt puts the proxy into the catalog of the identity provider only', async t => {
  const federation = await startClouds(t)
  const urls = async (name: string, user: typeof people.demo | typeof people.admin) => {
    const cloud = federation.cloud(name)
    const { call, project } = await logIn(cloud, user)
    const { json } = await call('GET', `${cloud.keystoneUrl}/auth/catalog`)
    const entries = json.catalog.map((entry: { type: string; endpoints: { url: string }[] }) => [
      entry.type,
      entry.endpoints[0]?.url.replace(project, 'PROJECT'),
    ])
    return Object.fromEntries(entries)
  }
  const { url } = federation.cloud('default')
  t.is((await urls('default', people.demo))['image'], `${url}/image`)
  federation.pointCatalogAt('http://proxy:5001')
  t.like(await urls('default', people.demo), {
    image: 'http://proxy:5001/image',
    'block-storage': 'http://proxy:5001/volume/v3/PROJECT',
    volumev3: 'http://proxy:5001/volume/v3/PROJECT',
    identity: federation.cloud('default').keystoneUrl,
  })
  t.is((await urls('sp1', people.admin))['image'], `${federation.cloud('sp1').url}/image`)
})

test('a cloud remembers the requests it received, and only digests of their tokens', async t => {
  const federation = await startClouds(t)
  const cloud = federation.cloud('default')
  const { token, call } = await logIn(cloud)
  await call('GET', `${cloud.imageUrl}/v2/images?limit=1`, { headers: { 'X-Mark': 'yes' } })
  const seen = cloud.requests().at(-1)
  t.like(seen, { method: 'GET', path: '/image/v2/images?limit=1', headers: { 'x-mark': 'yes' } })
  t.is(seen?.tokenDigest, createHash('sha256').update(token).digest('hex'))
  t.false(JSON.stringify(cloud.requests()).includes(token))
  t.deepEqual(federation.cloud('sp1').requests(), [])
})

test('an interceptor can respond instead of a cloud', async t => {
  const federation = await startClouds(t, {
    intercept(cloud, request, response) {
      if (cloud !== 'sp1' || request.url !== '/image/versions') return false
      response.writeHead(503).end()
      return true
    },
  })
  t.is((await call('GET', `${federation.cloud('sp1').imageUrl}/versions`)).status, 503)
  t.is((await call('GET', `${federation.cloud('sp2').imageUrl}/versions`)).status, 200)
})

test('closing frees the ports and removes the temporary files', async t => {
  const federation = await startFederation()
  const [cloud] = federation.clouds
  const directory = dirname(fileURLToPath(cloud?.messagebus ?? ''))
  t.true(existsSync(directory))
  await federation.close()
  t.false(existsSync(directory))
  await t.throwsAsync(fetch(`${cloud?.url}/`))
})

test('when a bus does not open, nothing is left listening', async t => {
  const ports: number[] = []
  const failing = startFederation({
    async openBus(cloud) {
      if (cloud === 'sp1') throw new Error('no bus')
      return { messagebus: 'none:', publish: async () => {}, close: async () => void ports.push(1) }
    },
  })
  await t.throwsAsync(failing, { message: 'no bus' })
  t.deepEqual(ports, [1], 'the bus that did open is closed')
})

/** Keystone to Keystone, step by step: the unscoped token at the other end. */
async function cross(home: Cloud, to: string, token: string): Promise<string> {
  const assertion = await call('POST', `${home.keystoneUrl}/auth/OS-FEDERATION/saml2/ecp`, {
    json: {
      auth: {
        identity: { methods: ['token'], token: { id: token } },
        scope: { service_provider: { id: to } },
      },
    },
  })
  const session = await fetch(assertion.headers.get('X-sp-url') ?? '', {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.paos+xml' },
    body: assertion.text,
    redirect: 'manual',
  })
  const unscoped = await fetch(assertion.headers.get('X-auth-url') ?? '', {
    headers: {
      'Content-Type': 'application/vnd.paos+xml',
      Cookie: (session.headers.get('Set-Cookie') ?? '').replace(/;.*/, ''),
    },
  })
  if (unscoped.status !== 201) throw new Error(`not admitted: ${unscoped.status}`)
  return unscoped.headers.get('X-Subject-Token') ?? ''
}
