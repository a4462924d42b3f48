import { randomBytes } from 'node:crypto'
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { message } from '../notification/fixtures.js'
import { until } from '../until.js'
import { startAttackedProxy } from './attacked-proxy.js'
import { findSecrets } from './secret-forms.js'

const TOKEN_HEADERS = ['x-auth-token', 'x-subject-token', 'x-service-token']
/** Written by the clouds, and the file in which the operator puts the passwords. */
const NOT_OURS = /^(?:mixmatch\.conf|\w+\.ndjson)$/

test('no secret is in any file, log line, metric or output of a command, in any form', async t => {
  /** By what they are. */
  const secrets = new Map<string, string>()
  const homeTokens = new Set<string>()
  let isEchoing = false
  const proxy = await startAttackedProxy(t, {
    intercept(cloud, { headers, url = '' }, response) {
      for (const name of TOKEN_HEADERS) {
        const token = headers[name]
        // Texts that a client sent in place of a token are its own.
        if (typeof token === 'string' && token.startsWith('gAAAAA')) {
          secrets.set(`the token ${token.slice(-6)} in ${name} at ${cloud}`, token)
          if (cloud === 'default') homeTokens.add(token)
        }
      }
      if (!isEchoing || cloud === 'default' || !url.startsWith('/image')) return false
      const token = String(headers['x-auth-token'])
      response.setHeader('X-Openstack-Request-Id', token)
      response.setHeader('Location', `http://u:${token}@h/${token}`)
      response.writeHead(500, `token ${token}`).end(`{"error": "token ${token}"}`)
      return true
    },
  })
  const { url, opsUrl, directory, logFile, federation, run } = proxy
  const token = await proxy.logIn('demo')
  secrets.set('the token of demo', token)
  secrets.set("Mixmatch's password", 'mixmatch-secret')
  const plant = (name: string) => {
    const value = `planted${randomBytes(16).toString('hex')}`
    secrets.set(name, value)
    return value
  }

  /** What the proxy itself must never put into a response, whatever a cloud writes into its own. */
  const own = () =>
    [...secrets].filter(([, secret]) => secret === 'mixmatch-secret' || homeTokens.has(secret))
  const responses: Buffer[] = []
  const ask = async (path: string, headers: Record<string, string>, json?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method: json === undefined ? 'GET' : 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    })
    const body = Buffer.from(await response.arrayBuffer())
    responses.push(body, Buffer.from(JSON.stringify([...response.headers])))
    return response
  }
  const auth = { 'X-Auth-Token': token }
  for (const at of ['default', 'sp1', 'sp2']) {
    const there = { ...auth, 'MM-Service-Provider': at }
    const created = await ask('/image/v2/images', there, {
      name: 'x',
      admin_pass: plant(`a property of an image at ${at}`),
      temp_url_key: plant(`another property of an image at ${at}`),
    })
    t.is(created.status, 201)
    const volume = await ask(`/volume/v3/${'0'.repeat(32)}/volumes`, there, {
      volume: { size: 1, metadata: { secret: plant(`metadata at ${at}`) } },
    })
    t.true(volume.status < 500)
  }
  isEchoing = true
  for (const at of ['default', 'sp1', 'sp2']) {
    const there = { ...auth, 'MM-Service-Provider': at }
    await ask(`/image/v2/images?token=${plant(`a query at ${at}`)}`, there)
    await ask(`/image/v2/images/${token}`, there)
    await ask('/image/v2/images', { ...there, 'User-Agent': token, Referer: `http://a/${token}` })
    await ask('/image/v2/images', { ...there, 'X-Openstack-Request-Id': token })
    await ask('/image/v2/images', { ...there, 'MM-Project-Id': token })
    await ask('/image/v2/images', { ...there, 'MM-Proxy-List': token })
    await ask('/image/v2/images', { ...there, 'MM-Proxy-List': `${at}, ${token}` })
    await ask('/image/v2/images', { 'X-Auth-Token': `${token}x`, 'MM-Service-Provider': token })
    await ask('/image/v2/images', {
      ...there,
      Authorization: `Bearer ${plant(`a header at ${at}`)}`,
    })
  }
  await ask('/image/v2/images', auth)

  const line = (eventType: string, payload: unknown, fields: object = {}) =>
    JSON.stringify({
      cloud: 'sp1',
      exchange: 'glance',
      body: JSON.stringify(message(eventType, payload, fields)),
    })
  await appendFile(
    fileURLToPath(federation.cloud('sp1').messagebus),
    [
      line('image.create', { id: token, owner: token, name: `my ${token}` }),
      line(token, {}),
      line('image.create', {}, { publisher_id: token, timestamp: token, message_id: token }),
      line('image.create', { [token]: 1, nested: [[{ auth: { adminPass: plant('a payload') } }]] }),
      line('image.create', { location: `swift+https://u:${plant('a URL')}@h/c/o` }),
      line('image.create', JSON.stringify({ password: plant('JSON in JSON') })),
      line(
        'image.create',
        {},
        { _context_auth_token: plant('a context'), _context_roles: [token] },
      ),
      JSON.stringify({
        cloud: 'sp1',
        exchange: 'glance',
        body: `not JSON, password=${plant('no JSON')}`,
      }),
      line('secrets.end', {}, { message_id: 'secrets-end' }),
      '',
    ].join('\n'),
  )
  const recorded = async () => (await run('log', 'tail', '--format', 'json')).stdout
  await until('all is recorded', async () => (await recorded()).includes('secrets.end'), 60_000)

  const places = new Map<string, Buffer>()
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isFile() || NOT_OURS.test(entry.name)) continue
    places.set(entry.name, await readFile(join(directory, entry.name)))
  }
  t.true(places.has('events.db'))
  t.true((places.get('mixmatch.log')?.length ?? 0) > 1000, logFile)
  for (const [path, bytes] of await readOpsPort(opsUrl)) places.set(path, bytes)
  t.true(places.has('/console/events'), [...places.keys()].join(' '))
  for (const args of [
    ['log', 'export'],
    ['log', 'info'],
    ['log', 'tail', '-n', '1000'],
    ['config', 'show'],
    ['doctor'],
    ['replay'],
    ['views', 'verify'],
    ['explain', 'GET', `/image/v2/images/${token}`],
  ]) {
    const { stdout, stderr } = await run(...args)
    t.true(stdout.length + stderr.length > 0, args.join(' '))
    places.set(args.slice(0, 2).join(' '), Buffer.from(stdout + stderr))
  }
  for (const [place, bytes] of places) t.deepEqual(findSecrets(bytes, secrets), [], place)
  // The user's own token is in no response of Mixmatch, but a cloud may quote it in its own.
  const ofOthers = new Map(own().filter(([, secret]) => secret !== token))
  t.true(ofOthers.size > 1)
  for (const bytes of responses) t.deepEqual(findSecrets(bytes, ofOthers), [], bytes.toString())
  t.log(`${responses.length / 2} responses to users`)
  t.log(`${secrets.size} secrets in ${places.size} places`)
  t.true(secrets.size > 20)
})

const MOST_PAGES = 150

/** Every page, file and response of the operator's port that a link or its OpenAPI document leads to. */
async function readOpsPort(opsUrl: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  const { paths } = (await (await fetch(`${opsUrl}/openapi.json`)).json()) as { paths: object }
  const waiting = ['/', '/metrics', '/ready', '/healthcheck', '/nowhere', ...Object.keys(paths)]
  for (const path of waiting) {
    if (found.has(path) || found.size >= MOST_PAGES || path.includes('stream')) continue
    const response = await fetch(opsUrl + path, { signal: AbortSignal.timeout(60_000) })
    const body = Buffer.from(await response.arrayBuffer())
    found.set(path, Buffer.concat([Buffer.from(JSON.stringify([...response.headers])), body]))
    if (!response.headers.get('content-type')?.startsWith('text/html')) continue
    for (const [, link = ''] of body.toString().matchAll(/(?:href|src)="(\/[^"#]*)/g)) {
      waiting.push(link.replaceAll('&amp;', '&'))
    }
  }
  return found
}
