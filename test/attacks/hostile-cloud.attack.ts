import { randomUUID } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { message } from '../notification/fixtures.js'
import { until } from '../until.js'
import { type AttackedProxy, startAttackedProxy } from './attacked-proxy.js'
import { isLong } from './scale.js'

/** How the hostile cloud answers while it attacks, by name. */
const answers: Readonly<Record<string, (response: ServerResponse, proxyUrl: string) => void>> = {
  'a redirect to another place': response =>
    void response.writeHead(302, { Location: 'http://127.0.0.1:9/stolen' }).end(),
  'a redirect to itself': (response, proxyUrl) =>
    void response.writeHead(307, { Location: `${proxyUrl}/image/v2/images` }).end(),
  'a bomb of gzip': response =>
    void response
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      .end(gzipSync(Buffer.alloc(50_000_000, ' '))),
  'JSON without an end': response => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    drip(response, Buffer.from(`{"images": [${'{"a": 1},'.repeat(5000)}`), 200)
  },
  'nested arrays': response =>
    void response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(`{"images": ${'['.repeat(500_000)}`),
  'another shape': response =>
    void response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end('{"images": {"__proto__": 1}}'),
  'nothing but the end of the connection': response => void response.destroy(),
  'a status that does not exist': response => void response.writeHead(999).end('{}'),
  'too many headers': response => {
    for (let count = 0; count < 2000; count += 1) response.setHeader(`X-A${count}`, 'a')
    response.writeHead(200).end('{}')
  },
  'cookies and a token': response =>
    void response
      .writeHead(401, { 'Set-Cookie': 'a=stolen', 'X-Subject-Token': 'stolen' })
      .end('{}'),
}

/** Send a piece again and again, as fast as it is read. */
function drip(response: ServerResponse, piece: Buffer, times: number): void {
  if (times === 0 || response.destroyed) response.destroy()
  else response.write(piece, () => drip(response, piece, times - 1))
}

test('whatever a service provider answers, the other clouds are served and no answer gives a secret away', async t => {
  let answer: ((response: ServerResponse) => void) | null = null
  const proxy = await startAttackedProxy(t, {
    intercept(cloud, request, response) {
      if (cloud !== 'sp1' || !answer || !request.url?.startsWith('/image')) return false
      answer(response)
      return true
    },
  })
  const token = await proxy.logIn('demo')
  const image = await createImage(t, proxy, token, 'default')
  await createImage(t, proxy, token, 'sp1')
  for (const [name, respond] of Object.entries(answers)) {
    answer = response => respond(response, proxy.url)
    for (const path of ['/image/v2/images', `/image/v2/images/${image}`]) {
      const headers = { 'X-Auth-Token': token, 'MM-Service-Provider': 'sp1' }
      const given = await fetch(`${proxy.url}${path}`, {
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(60_000),
      }).then(
        async response => [...response.headers, await response.text().catch(() => '')].join('\n'),
        () => '', // the connection ends with that of the cloud
      )
      t.false(/set-cookie|x-subject-token/i.test(given), `${name} for ${path}`)
    }
    const list = await fetch(`${proxy.url}/image/v2/images`, { headers: { 'X-Auth-Token': token } })
    const { images } = (await list.json()) as { images: { id: string }[] }
    t.true(
      images.some(({ id }) => id === image),
      `the list of all clouds, while sp1 gives ${name}`,
    )
    const own = await fetch(`${proxy.url}/image/v2/images/${image}`, {
      headers: { 'X-Auth-Token': token },
    })
    t.is(own.status, 200, `the identity provider's image, while sp1 gives ${name}`)
    t.is(own.headers.get('MM-Service-Provider'), 'default')
  }
})

test('a service provider that claims and deletes foreign images and floods its bus moves no request', async t => {
  const proxy = await startAttackedProxy(t)
  const token = await proxy.logIn('demo')
  const image = await createImage(t, proxy, token, 'default')
  const bus = fileURLToPath(proxy.federation.cloud('sp1').messagebus)
  const owner = 'a'.repeat(32)
  const flood = isLong ? 50_000 : 3000
  await appendFile(
    bus,
    [
      line('image.create', { id: image, owner, status: 'active' }),
      line('image.upload', { id: image, owner, status: 'active' }),
      line('image.delete', { id: image, owner, deleted: true }),
      line('mixmatch.observed.absent', { id: image, service_provider: 'default' }),
      line('mixmatch.import.location', { id: image, service_provider: 'sp1' }),
      rawLine(`{"event_type": "image.create", "payload": ${'['.repeat(200_000)}`),
      rawLine(
        `{"event_type": "image.create", "payload": ${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
      ),
      rawLine('{"oslo.version": "2.0", "oslo.message": "{"}'),
      rawLine(''),
      line('image.create', { id: 'x'.repeat(1_000_000), owner }),
      line('image.create', { id: { $gt: '' }, owner: ['a'] }),
      line('x'.repeat(100_000), {}),
      line('image.update', { id: image, secrets: 'key='.repeat(500_000) }),
      ...Array.from({ length: flood }, (_, index) =>
        line('image.update', { id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` }),
      ),
      line('flood.end', {}),
      '',
    ].join('\n'),
  )
  await until('the flood is recorded', () => countEvents(proxy, 'flood.end').then(Boolean), 90_000)
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const response = await fetch(`${proxy.url}/image/v2/images/${image}`, {
      method,
      headers: {
        'X-Auth-Token': token,
        'Content-Type': 'application/openstack-images-v2.1-json-patch',
      },
      ...(method === 'PATCH' ? { body: '[]' } : {}),
    })
    t.is(response.headers.get('MM-Service-Provider'), 'default', method)
    t.is(response.status, method === 'DELETE' ? 204 : 200, method)
  }
  t.is((await proxy.run('log', 'verify')).exitCode, 0)
})

/** A line of the file of notifications: a message of oslo.messaging. */
function line(eventType: string, payload: unknown): string {
  return rawLine(JSON.stringify(message(eventType, payload, { message_id: randomUUID() })))
}

function rawLine(body: string): string {
  return JSON.stringify({ cloud: 'sp1', exchange: 'glance', routing_key: 'info', body })
}

async function countEvents(proxy: AttackedProxy, eventType: string): Promise<number> {
  const { stdout } = await proxy.run('log', 'tail', '--format', 'json')
  return stdout.split('\n').filter(text => text.includes(eventType)).length
}

async function createImage(
  t: ExecutionContext,
  { url }: AttackedProxy,
  token: string,
  at: string,
): Promise<string> {
  const response = await fetch(`${url}/image/v2/images`, {
    method: 'POST',
    headers: {
      'X-Auth-Token': token,
      'Content-Type': 'application/json',
      'MM-Service-Provider': at,
    },
    body: JSON.stringify({ name: 'mine' }),
  })
  t.is(response.status, 201)
  const { id } = (await response.json()) as { id: string }
  return id
}
