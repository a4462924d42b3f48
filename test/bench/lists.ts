import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import { createApp } from '../../src/http/app.js'
import { createDispatch } from '../../src/http/dispatch.js'
import { listen } from '../../src/http/server.js'
import { Token } from '../../src/identity/token.js'
import { IDENTITY_PROVIDER, projectId, spName } from '../../src/ids.js'
import { createLogger } from '../../src/logger.js'
import { noEvidence } from '../../src/projection/place.js'
import { createBreaker } from '../../src/upstream/breaker.js'
import { createCloudWaits } from '../../src/upstream/cloud-wait.js'
import { createDestinations } from '../../src/upstream/destination.js'
import { createPools } from '../../src/upstream/pools.js'
import { createPublicAddresses } from '../../src/upstream/public-address.js'

/**
 * Walk a list over two clouds with many images each, and print how fast it went and by how much the
 * memory of the proxy grew: `tsx test/bench/lists.ts [IMAGES PER CLOUD] [PAGE]`. The clouds and the
 * proxy are processes of their own, so that only the proxy's memory is measured.
 */
const [images = 50_000, page = 1000] = process.argv.slice(2).map(Number)
const self = fileURLToPath(import.meta.url)
const alice = projectId('a11ce000000000000000000000000001')

if (process.env['BENCH_ROLE'] === 'cloud') await serveImages()
else if (process.env['BENCH_ROLE'] === 'proxy') await serveProxy()
else await measure()

async function measure(): Promise<void> {
  const clouds = await Promise.all([start('cloud', '0'), start('cloud', '1')])
  const proxy = await start('proxy', ...clouds.map(({ url }) => url))
  const agent = new Agent({ connections: 1 })

  const atFirst = await rss(proxy.child)
  // A worker that has served nothing yet grows by its compiled code and young heap, whatever it does.
  await walk(proxy.url, agent, 10, async () => 0)
  const before = await rss(proxy.child)
  const begun = performance.now()
  const { items, pages, peak } = await walk(proxy.url, agent, Number.POSITIVE_INFINITY, () =>
    rss(proxy.child),
  )
  const seconds = (performance.now() - begun) / 1000
  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`)
  console.log(`${items} images of 2 clouds in ${pages} pages of ${page}: ${seconds.toFixed(1)} s`)
  console.log(
    `memory of the proxy: ${mebibytes(atFirst)} at first, ${mebibytes(before)} after ten pages, ` +
      `${mebibytes(peak)} at most: ${mebibytes(peak - before)} for the walk`,
  )
  await agent.close()
  for (const { child } of [...clouds, proxy]) child.kill()
}

async function walk(
  url: string,
  agent: Agent,
  most: number,
  measured: () => Promise<number>,
): Promise<{ items: number; pages: number; peak: number }> {
  const seen = new Set<string>()
  let next: string | undefined = `/v2/images?limit=${page}`
  let pages = 0
  let peak = 0
  while (next !== undefined && pages < most) {
    const { body } = await request(`${url}/image${next}`, {
      headers: { 'X-Auth-Token': 'good' },
      dispatcher: agent,
    })
    const answer = (await body.json()) as { images: { id: string }[]; next?: string }
    for (const { id } of answer.images) seen.add(id)
    next = answer.next
    pages += 1
    peak = Math.max(peak, await measured())
  }
  return { items: seen.size, pages, peak }
}

async function start(
  role: string,
  ...args: readonly string[]
): Promise<{ child: ChildProcess; url: string }> {
  const env = { ...process.env, BENCH_ROLE: role }
  const child = fork(self, [String(images), String(page), ...args], { env })
  const [url] = (await once(child, 'message')) as [string]
  return { child, url }
}

async function rss(child: ChildProcess): Promise<number> {
  child.send('rss')
  const [bytes] = (await once(child, 'message')) as [number]
  return bytes
}

/** A Glance in front of images that are made when they are listed, with properties as real ones have. */
async function serveImages(): Promise<void> {
  const cloud = Number(process.argv[4])
  const server = createServer((req, res) => {
    const query = new URL(req.url ?? '', 'http://cloud').searchParams
    const start = Number.parseInt(query.get('marker') ?? '-1', 16) + 1
    const end = Math.min(start + Number(query.get('limit')), images)
    const shown = Array.from({ length: end - start }, (_, index) => image(cloud, start + index))
    const next = shown.length === Number(query.get('limit')) ? { next: '/v2/images?marker' } : {}
    res.writeHead(200, { 'Content-Type': 'application/json' })
    res.end(JSON.stringify({ images: shown, ...next }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function image(cloud: number, n: number) {
  const id = `${n.toString(16).padStart(8, '0')}-0000-4000-8000-00000000000${cloud}`
  return {
    name: `ubuntu-24.04-${n}`,
    disk_format: 'qcow2',
    container_format: 'bare',
    visibility: 'shared',
    size: 2_147_483_648,
    virtual_size: 10_737_418_240,
    status: 'active',
    checksum: 'd41d8cd98f00b204e9800998ecf8427e',
    protected: false,
    min_ram: 0,
    min_disk: 0,
    owner: alice,
    os_hidden: false,
    os_hash_algo: 'sha512',
    os_hash_value: 'cf83e1357eefb8bd'.repeat(8),
    hw_disk_bus: 'scsi',
    hw_scsi_model: 'virtio-scsi',
    os_distro: 'ubuntu',
    os_version: '24.04',
    id,
    created_at: new Date(1_795_440_000_000 - n * 2000 - cloud * 1000).toISOString(),
    updated_at: '2026-11-23T20:00:00Z',
    tags: [],
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: '/v2/schemas/image',
  }
}

/** The proxy, with everything but Keystone. */
async function serveProxy(): Promise<void> {
  const [home = '', far = ''] = process.argv.slice(4)
  const sp1 = spName('sp1')
  const project = { id: alice, name: 'demo', domainId: 'default', domainName: 'Default' }
  const caller = {
    userId: 'user-1',
    userName: 'demo',
    project,
    roles: [],
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    hasAccessRules: false,
  }
  const identity = {
    projects: async () => [project],
    access: async () => ({ token: new Token('there'), project, endpoints: new Map() }),
  }
  const timeouts = { connectTimeoutMs: 5000, headersTimeoutMs: 60_000, idleTimeoutMs: 60_000 }
  const now = () => performance.now()
  const authenticateUri = 'http://127.0.0.1:5000'
  const send = createDispatch(
    {
      destinations: createDestinations({
        endpoint: name => (name === IDENTITY_PROVIDER ? home : far),
        identity,
        serviceToken: async () => null,
      }),
      pools: createPools({
        connectTimeoutMs: 5000,
        connections: null,
        trust: () => ({ cafile: null, insecure: false }),
      }),
      waits: createCloudWaits({ breaker: createBreaker(now), deadlineMs: 60_000, now }),
      forget() {},
      observe: async () => true,
      timeouts,
      proxyName: 'home',
      authenticateUri,
    },
    { errors: 'fail', secrets: ['bench'], now },
  )
  const app = createApp({
    cachedCaller: () => caller,
    authenticate: async () => caller,
    isService: async () => false,
    askNearer: async () => [],
    send,
    federation: {
      clouds: [IDENTITY_PROVIDER, sp1].map(name => ({
        name,
        spName: name,
        enabledServices: ['image'],
      })),
      locate: () => [],
      evidence: () => noEvidence,
      searchByBroadcast: false,
      aggregation: true,
    },
    clientAddress: () => '127.0.0.1',
    publicAddressOf: createPublicAddresses({ publicEndpoint: null, isTrusted: () => false }),
    idleTimeoutMs: 60_000,
    health: () => ({ healthy: true, reasons: [] }),
    authenticateUri,
    maxRequests: null,
    logRequest() {},
    logger: createLogger({ debug: false, file: '/dev/null', json: true }, 'bench'),
  })
  const { address } = await listen(app, { host: '127.0.0.1', port: 0 })
  process.on('message', () => process.send?.(process.memoryUsage.rss()))
  process.send?.(`http://127.0.0.1:${address.port}`)
}
