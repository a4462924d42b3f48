import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { until } from '../until.js'
import { type AttackedProxy, startAttackedProxy } from './attacked-proxy.js'

/** Answers a request in place of a cloud; returns whether it did. */
type Interception = (cloud: string, request: IncomingMessage, response: ServerResponse) => boolean

const OTHER_ADDRESS = '127.0.0.2'
const PASSWORD = 'a-password-in-a-url'
const TOKEN = 'gAAAAABhostile-service-provider-token'

/** Counts the connections to places where nothing may be sent. */
async function startForbidden(t: ExecutionContext) {
  let connections = 0
  const open = async (host: string) => {
    const server = createServer(socket => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(0, host, resolve))
    t.teardown(() => server.close())
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no TCP server')
    return address.port
  }
  const [port, otherPort] = [await open('127.0.0.1'), await open(OTHER_ADDRESS)]
  return { port, otherPort, connections: () => connections }
}

/** A proxy that may reach sp1 at its own port only, and a request of a new login that goes there. */
async function start(t: ExecutionContext, alsoAllowed: (settings: string) => string = () => '') {
  let interception: Interception = () => false
  const proxy = await startAttackedProxy(t, {
    intercept: (...request) => interception(...request),
    settings: text =>
      text
        .replace(/(\[sp_sp1\][^[]*?)auth_url *= *http:\/\/([\d.:]+)(.*)/, (_, ...found) => {
          const [before, host, path] = found
          const group = `${before}auth_url = http://${host}${path}\nallowed_hosts = ${host}${alsoAllowed(text)}`
          return group.replace(/(image|volume)_endpoint.*/g, '')
        })
        .replace(/(\[sp_sp1\][^[]*?)image_endpoint.*/, '$1'),
  })
  async function ask(while_: Interception) {
    interception = while_
    const token = await proxy.logIn('demo')
    const response = await fetch(`${proxy.url}/image/v2/images`, {
      headers: { 'X-Auth-Token': token, 'MM-Service-Provider': 'sp1' },
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    interception = () => false
    return { status: response.status, text, token }
  }
  return { proxy, ask }
}

/** URLs that must not be sent anything to, for a cloud whose only allowed place is `home`. */
function hostileUrls(home: string, { port, otherPort }: { port: number; otherPort: number }) {
  const { host, hostname, port: ownPort } = new URL(home)
  return [
    `http://127.0.0.1:${port}/`,
    `http://${OTHER_ADDRESS}:${otherPort}/`,
    `http://${host}@127.0.0.1:${port}/`,
    `http://user:${PASSWORD}@${host}/`,
    `http://:${PASSWORD}@127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}#@${host}/`,
    `http://127.0.0.1:${port}?@${host}/`,
    `http://127.0.0.1:${port}\\@${host}/`,
    `http:\\\\127.0.0.1:${port}\\${host}`,
    `//127.0.0.1:${port}/`,
    `http://${host}.127.0.0.1.nip.invalid/`,
    `http://${hostname}:0/`,
    `http://${hostname}:65536/`,
    `http://${hostname}:${ownPort}0/`,
    'http://169.254.169.254/latest/meta-data',
    'http://2130706433:1/',
    'http://0x7f.1:1/',
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[::1]:${port}/`,
    `http://[fe80::1%25lo]:${port}/`,
    `http://localhost:${port}/`,
    `ftp://${host}/`,
    'file:///etc/passwd',
    'javascript:alert(1)',
    `http://127.0.0.1:${port}/${'x'.repeat(50_000)}`,
    '',
  ]
}

/** The response to the request for an assertion, with these URLs. */
function assertionFor(spUrl: string, authUrl: string): Interception {
  return (cloud, { url = '' }, response) => {
    if (cloud !== 'default' || !url.endsWith('/saml2/ecp')) return false
    response.writeHead(200, { 'X-Sp-Url': spUrl, 'X-Auth-Url': authUrl }).end('<soap/>')
    return true
  }
}

/** A scoped token of sp1 whose catalog has this endpoint for images. */
function catalogWith(url: string): Interception {
  return (cloud, request, response) => {
    if (cloud !== 'sp1' || request.method !== 'POST' || !request.url?.endsWith('/auth/tokens')) {
      return false
    }
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      const id = JSON.parse(body).auth.scope.project.id
      const endpoints = [{ interface: 'public', region: null, region_id: null, url }]
      const token = {
        user: { id: 'u', name: 'u' },
        project: { id, name: 'p' },
        expires_at: '2200-01-01T00:00:00Z',
        catalog: [{ type: 'image', endpoints }],
      }
      response.writeHead(201, { 'X-Subject-Token': TOKEN }).end(JSON.stringify({ token }))
    })
    return true
  }
}

test('addresses that a Keystone names for a service provider are refused unless the operator allows them', async t => {
  const forbidden = await startForbidden(t)
  const { proxy, ask } = await start(t)
  const home = proxy.federation.cloud('sp1').keystoneUrl
  const tried = hostileUrls(home, forbidden)
  for (const url of tried) {
    for (const [spUrl, authUrl] of [
      [url, `${home}/v3`],
      [`${home}/v3`, url],
    ] as const) {
      const { status, text, token } = await ask(assertionFor(spUrl, authUrl))
      t.is(status, 502, `${url}: ${text}`)
      t.regex(text, /is on none of its allowed hosts, so nothing was sent there/)
      requireShortAndClean(t, text, token)
    }
  }
  t.is(forbidden.connections(), 0)
  t.log(`${tried.length} addresses, each as sp_url and as auth_url`)
})

test('an endpoint in the catalog of a service provider is used only at a place that the operator allows', async t => {
  const forbidden = await startForbidden(t)
  const { proxy, ask } = await start(t)
  const home = proxy.federation.cloud('sp1').keystoneUrl
  for (const url of hostileUrls(home, forbidden)) {
    const { status, text, token } = await ask(catalogWith(url))
    t.is(status, 404, `${url}: ${text}`)
    t.regex(text, /Nothing tells where the image service of \\?"sp1\\?" is/)
    requireShortAndClean(t, text, token)
  }
  t.is(forbidden.connections(), 0)
})

/** The steps of a log-in at sp1 and the request itself: the cloud, and how the path ends. */
const steps: readonly [cloud: string, path: RegExp][] = [
  ['default', /\/saml2\/ecp$/],
  ['sp1', /\/SAML2\/ECP$/],
  ['sp1', /\/saml2\/auth$/],
  ['sp1', /\/auth\/projects$/],
  ['sp1', /\/auth\/tokens$/],
  ['sp1', /\/v2\/images$/],
]

test('a redirect at any step of a log-in is not followed to another place', async t => {
  const forbidden = await startForbidden(t)
  const { ask } = await start(t)
  for (const [at, path] of steps) {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const cookie of [{}, { 'Set-Cookie': 'a=b; Path=/' }]) {
        let redirected = 0
        const given = await ask((cloud, request, response) => {
          if (cloud !== at || !path.test(request.url ?? '')) return false
          redirected += 1
          const location = `http://127.0.0.1:${forbidden.port}/`
          response.writeHead(status, { Location: location, ...cookie }).end()
          return true
        })
        const what = `${status} at ${at} ${path}: ${given.text}`
        t.is(redirected, 1, what)
        t.is(given.status, String(path).includes('images') ? status : 502, what)
        requireShortAndClean(t, given.text, given.token)
      }
    }
  }
  t.is(forbidden.connections(), 0)
})

test('a request that the catalog of a service provider sends back to the proxy ends there with 508', async t => {
  const ownPlace = (settings: string) => `, 127.0.0.1:${/^port *= *(\d+)/m.exec(settings)?.[1]}`
  const { proxy, ask } = await start(t, ownPlace)
  const before = await countRequests(proxy)
  const { status, text, token } = await ask(catalogWith(`${proxy.url}/image`))
  t.is(status, 508, text)
  t.regex(text, /has come back to the proxy that sent it/)
  requireShortAndClean(t, text, token)
  // The request itself, and the one that came back. A request is counted after its response.
  const handled = async () => (await countRequests(proxy)) - before
  await until('both requests are counted', async () => (await handled()) >= 2)
  t.is(await handled(), 2)
})

async function countRequests({ opsUrl }: AttackedProxy): Promise<number> {
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text()
  return [...metrics.matchAll(/^mixmatch_requests_total\{.*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
}

function requireShortAndClean(t: ExecutionContext, text: string, token: string): void {
  t.true(text.length < 2000, `${text.length} characters`)
  for (const secret of [token, PASSWORD, TOKEN]) t.false(text.includes(secret), text)
}
