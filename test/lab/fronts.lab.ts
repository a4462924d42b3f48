import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { demoToken, glance } from './clients.js'
import { type Front, type FrontFile, fronts, OFFLOAD_SECRET, startFront } from './front.js'
import { createMixmatch, type Mixmatch, type Running, url } from './mixmatch.js'
import { untilInLab } from './until-in-lab.js'
import { usageOf } from './usage.js'

interface Place {
  readonly mixmatch: Mixmatch
  readonly running: Running
  readonly token: string
  readonly project: string
}
const test = anyTest as TestFn<Place>
const MiB = 1024 * 1024
const TEN_MINUTES_MS = 600_000

test.before(async t => {
  const settings = {
    OS_DEFAULT__PUBLIC_ENDPOINT: '',
    OS_DEFAULT__TRUSTED_PROXIES: '127.0.0.1',
    OS_DEFAULT__OFFLOAD_SECRET: OFFLOAD_SECRET,
  }
  const mixmatch = await createMixmatch(settings)
  t.context = { mixmatch, running: await mixmatch.start('serve'), ...(await demoToken()) }
})
test.after.always(async t => {
  await t.context.running?.stop()
  await t.context.mixmatch?.close()
})

for (const file of Object.keys(fronts) as FrontFile[]) {
  const testFront = (
    title: string,
    body: (t: ExecutionContext<Place>, at: Client) => Promise<void>,
  ) =>
    test.serial(`${file}: ${title}`, async t => {
      t.timeout(TEN_MINUTES_MS)
      const folder = join(t.context.mixmatch.directory, `${file}-${randomBytes(4).toString('hex')}`)
      const front = await startFront(file, url, folder)
      t.teardown(() => front.stop())
      await body(t, clientOf(front, t.context))
    })

  testFront(
    'version documents contain the URL of the front, with any forwarding headers',
    async (t, at) => {
      const forged = { 'X-Forwarded-Host': 'elsewhere.example', 'X-Forwarded-Prefix': '/wrong' }
      for (const service of ['image', 'volume']) {
        const { status, json } = await at.json('GET', `/${service}/`, { headers: forged })
        t.is(status, 300)
        const links = json.versions.flatMap((each: { links: { rel: string; href: string }[] }) =>
          each.links.filter(({ rel }) => rel === 'self').map(({ href }) => href),
        )
        t.true(links.length > 0)
        for (const href of links) t.true(href.startsWith(`${at.base}/${service}/v`), href)
      }
    },
  )

  testFront(
    'Location and links of resources at sp1 contain the URL of the front',
    async (t, at) => {
      const { project } = t.context
      const image = await at.newImage('sp1')
      t.is(image.location, `${at.base}/image/v2/images/${image.id}`)
      await at.remove(image.id)

      const body = { volume: { name: 'behind a front', size: 1 } }
      const volumes = `/volume/v3/${project}/volumes`
      const made = await at.json('POST', volumes, {
        headers: { 'MM-SERVICE-PROVIDER': 'sp1' },
        body,
      })
      t.is(made.status, 202)
      const { id, links } = made.json.volume
      t.is(links[0].href, `${at.base}${volumes}/${id}`)
      await untilInLab('the volume is made', async () => {
        const shown = await at.json('GET', `${volumes}/${id}`)
        return shown.json.volume.status === 'available'
      })
      t.is((await at.send('DELETE', `${volumes}/${id}`)).statusCode, 202)
    },
  )

  testFront('a chunked upload to sp1 is downloaded unchanged, also by ranges', async (t, at) => {
    const bytes = randomBytes(24 * MiB + 5)
    const { id } = await at.newImage('sp1')
    const chunks = Readable.from(pieces(bytes, 70_000))
    const sent = await at.send('PUT', `/image/v2/images/${id}/file`, { stream: chunks })
    t.is(sent.statusCode, 204)

    const whole = await at.bytes(`/image/v2/images/${id}/file`)
    t.is(digest(whole.bytes), digest(bytes))
    t.is(whole.headers['mm-service-provider'], 'sp1')
    const part = await at.bytes(`/image/v2/images/${id}/file`, { Range: 'bytes=1000000-3000000' })
    t.is(part.status, 206)
    t.is(part.headers['content-range'], `bytes 1000000-3000000/${bytes.length}`)
    t.true(part.bytes.equals(bytes.subarray(1_000_000, 3_000_001)))
    await at.remove(id)
  })

  testFront('an upload of 2 GiB is forwarded without buffering it', async (t, at) => {
    const size = 2048 * MiB
    const { id } = await at.newImage('default')
    const before = { front: usageOf(at.pid), proxy: usageOf(t.context.running.pid) }
    const begun = performance.now()
    const sent = await at.send('PUT', `/image/v2/images/${id}/file`, {
      stream: Readable.from(zeros(size)),
      headers: { 'Content-Length': String(size) },
    })
    const seconds = (performance.now() - begun) / 1000
    const after = { front: usageOf(at.pid), proxy: usageOf(t.context.running.pid) }
    const { json } = await at.json('GET', `/image/v2/images/${id}`)
    await at.remove(id)

    t.is(sent.statusCode, 204)
    t.is(json.size, size)
    const written = after.front.written - before.front.written
    t.log(
      `${Math.round(size / MiB / seconds)} MiB/s; the front took ${after.front.memory} MiB of memory ` +
        `and wrote ${written} MiB, the proxy took ${after.proxy.memory} MiB ` +
        `and wrote ${after.proxy.written - before.proxy.written} MiB`,
    )
    t.true(written < 64, `the front wrote ${written} MiB`)
    t.true(after.proxy.written - before.proxy.written < 64)
    t.true(after.front.memory < 256)
    t.true(after.proxy.memory - before.proxy.memory < 128)
  })

  // The same with and without Mixmatch between client and cloud.
  if (file.startsWith('nginx')) {
    testFront('image data of 2 GiB at sp1 is uploaded and downloaded', async (t, at) => {
      const size = 2048 * MiB
      const { id } = await at.newImage('sp1')
      const path = `/image/v2/images/${id}/file`
      const stream = Readable.from(zeros(size))
      t.is((await at.send('PUT', path, { stream })).statusCode, 204)
      let received = 0
      for await (const piece of await at.open('GET', path)) received += piece.length
      t.is(received, size)
      await at.remove(id)
    })
  }

  testFront('clients that hang up in a transfer leave front and proxy working', async (t, at) => {
    for (const cloud of ['default', 'sp1']) {
      const { id } = await at.newImage(cloud)
      const path = `/image/v2/images/${id}/file`
      const cut = Readable.from(cutShort(64 * MiB))
      const headers = { 'Content-Length': String(128 * MiB) }
      await t.throwsAsync(at.send('PUT', path, { stream: cut, headers }))
      await untilInLab('half an image is not taken for a whole one', async () => {
        const { json } = await at.json('GET', `/image/v2/images/${id}`)
        t.not(json.status, 'active')
        return json.status === 'queued'
      })
      t.is((await at.send('PUT', path, { stream: Readable.from(zeros(64 * MiB)) })).statusCode, 204)
      const download = await at.open('GET', path)
      await once(download, 'data')
      download.destroy()
      t.is((await at.bytes(path)).bytes.length, 64 * MiB)
      await at.remove(id)
    }
  })

  testFront('an image that no cloud has gives the error of the cloud', async (t, at) => {
    const path = `/image/v2/images/${randomUUID()}/file`
    const { status, headers } = await at.bytes(path)
    t.is(status, 404)
    t.is(headers['mm-service-provider'], 'default')
  })

  testFront('a token of 16 KiB reaches the proxy, and only the proxy rejects it', async (t, at) => {
    const token = 'x'.repeat(16 * 1024)
    const answer = await at.bytes('/image/v2/images', { 'X-Auth-Token': token })
    t.regex(String(answer.headers['x-openstack-request-id']), /^req-/)
    t.is(answer.status, 401)
    t.regex(String(answer.headers['www-authenticate']), /^Keystone uri=/)
  })

  testFront('an encoded slash arrives unchanged at the proxy, which rejects it', async (t, at) => {
    const answer = await at.bytes('/image/v2/images/..%2F..%2Fv2')
    t.is(answer.status, 400)
    t.regex(String(answer.headers['x-openstack-request-id']), /^req-/)
  })

  testFront('python-glanceclient works through the front', async (t, at) => {
    const { id } = await at.newImage('sp1')
    const shown = await glance(
      '--os-cacert',
      at.cafile,
      '--os-image-url',
      `${at.base}/image`,
      'image-show',
      id,
    )
    t.regex(shown, /behind a front/)
    await at.remove(id)
  })
}

test.serial(
  'nginx-offload.conf: the proxy decided, and nginx moved the data at both clouds',
  async t => {
    const log = readFileSync(join(t.context.mixmatch.directory, 'serve.log'), 'utf8')
    const transfers = log.split('\n').filter(line => line.includes('"offload":"yes"'))
    for (const cloud of ['default', 'sp1']) {
      for (const method of ['GET', 'PUT']) {
        const named = [`"method":"${method}"`, `"service_provider":"${cloud}"`]
        t.true(
          transfers.some(line => named.every(part => line.includes(part))),
          `${method} ${cloud}`,
        )
      }
    }
  },
)

type Client = ReturnType<typeof clientOf>

interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly stream?: Readable
}

/** demo as a client of a front, with verified TLS and one connection for each request. */
function clientOf({ base, cafile, pid }: Front, { token }: Place) {
  const ca = readFileSync(cafile)

  async function open(method: string, path: string, sent: Sent = {}): Promise<IncomingMessage> {
    const { headers = {}, body, stream } = sent
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const data = stream ? { 'Content-Type': 'application/octet-stream' } : json
    const all = { 'X-Auth-Token': token, ...data, ...headers }
    const req = request(`${base}${path}`, { method, ca, headers: all, agent: false })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      req.once('response', resolve).once('error', reject)
    })
    if (stream) await Promise.all([pipeline(stream, req), answered])
    else req.end(body === undefined ? undefined : JSON.stringify(body))
    return answered
  }

  async function bytes(path: string, headers: Readonly<Record<string, string>> = {}) {
    const response = await open('GET', path, { headers })
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      bytes: await read(response),
    }
  }

  async function json(method: string, path: string, sent: Sent = {}) {
    const response = await open(method, path, sent)
    const text = (await read(response)).toString()
    return { status: response.statusCode, headers: response.headers, json: JSON.parse(text) }
  }

  async function send(method: string, path: string, sent: Sent = {}) {
    const response = await open(method, path, sent)
    response.resume()
    return response
  }

  return {
    base,
    cafile,
    pid,
    open,
    bytes,
    json,
    send,
    async newImage(cloud: string): Promise<{ id: string; location: string | undefined }> {
      const body = { name: 'behind a front', disk_format: 'raw', container_format: 'bare' }
      const headers = { 'MM-SERVICE-PROVIDER': cloud }
      const made = await json('POST', '/image/v2/images', { headers, body })
      if (made.status !== 201) throw new Error(`no image at ${cloud}: ${JSON.stringify(made.json)}`)
      return { id: made.json.id, location: made.headers.location }
    },
    remove: (id: string) => send('DELETE', `/image/v2/images/${id}`),
  }
}

async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function* zeros(size: number): Generator<Buffer> {
  const piece = Buffer.alloc(MiB)
  for (let sent = 0; sent < size; sent += piece.length) yield piece
}

/** The stream breaks after this many bytes. */
function* cutShort(size: number): Generator<Buffer> {
  yield* zeros(size)
  throw new Error('the client hangs up')
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
