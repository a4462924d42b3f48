/**
 * The proxy beside nginx and HAProxy: small requests, one process each, the same upstream and the
 * same 64 connections. What counts is CPU a request, from the kernel's accounting of the process
 * that forwards: it is steadier than requests a second on a machine that has other work.
 *
 *     npm run build && npm run bench:forward -- 20000
 *
 * nginx and HAProxy are measured where they are installed (apt-get install nginx-light haproxy).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { z } from 'zod'
import { startFederation } from '../../sandbox/federation.js'
import type { Event } from '../../src/event/event.js'
import { now } from '../../src/event/time.js'
import { projectId, resourceId, spName } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'

const CONNECTIONS = 64
const ROUNDS = 3
const KNOWN_IMAGES = 100_000
const total = Number(process.argv[2] ?? 20_000)
const main = new URL('../../dist/main.js', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'mixmatch-bench-'))
const children: ChildProcess[] = []

/** One that forwards: where it listens, and which process does the work. */
interface Forwarder {
  readonly name: string
  readonly url: string
  readonly pid: number
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  server.close()
  return port
}

function start(command: string, args: readonly string[], env = {}): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  children.push(child)
  return child
}

/** An upstream that costs next to nothing: 1 KB of JSON for whatever is asked. */
async function startUpstream(): Promise<string> {
  const port = await freePort()
  const program = `
    const body = JSON.stringify({ status: 'active', name: 'x'.repeat(980) })
    const head = { 'Content-Type': 'application/json', 'Content-Length': body.length }
    require('node:http').createServer((req, res) => { res.writeHead(200, head); res.end(body) })
      .listen(${port}, '127.0.0.1')`
  start(process.execPath, ['-e', program])
  await answering(`http://127.0.0.1:${port}/`)
  return `http://127.0.0.1:${port}`
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const ok = await new Promise(resolve => {
      httpRequest(url, response => resolve(response.resume()))
        .on('error', () => resolve(false))
        .end()
    })
    if (ok) return
    await wait(50)
  }
  throw new Error(`${url} does not answer`)
}

/** As many images as a cloud may have, all at the identity provider. */
async function seed(logFile: string): Promise<string> {
  const event = (n: number): Event => ({
    serviceProvider: spName('default'),
    source: 'bus',
    messageId: `seed-${n}`,
    eventType: 'image.create',
    kind: 'created',
    emittedAt: now(),
    resource: {
      type: 'image',
      id: resourceId(`${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`),
    },
    project: projectId('0'.repeat(32)),
    parent: null,
    wire: { exchange: 'glance', routingKey: 'notifications.info', envelope: '2.0' },
    body: '{}',
  })
  using log = openLog(logFile)
  for (let n = 0; n < KNOWN_IMAGES; n += 1000) {
    log.append(
      Array.from({ length: 1000 }, (_, index) => event(n + index)),
      now(),
    )
  }
  const { views } = openViews(viewsFileOf(logFile), [logFile])
  views[Symbol.dispose]()
  return `/v2/images/${String(KNOWN_IMAGES >> 1).padStart(8, '0')}-0000-4000-8000-000000000000`
}

async function startMixmatch(upstream: string, authUrl: string): Promise<Forwarder> {
  const port = await freePort()
  const opsPort = await freePort()
  const file = join(folder, 'mixmatch.conf')
  writeFileSync(
    file,
    `[DEFAULT]
service_providers = default
host = 127.0.0.1
port = ${port}
log_file = ${join(folder, 'mixmatch.log')}
[database]
connection = sqlite:///${join(folder, 'events.db')}
[ops]
port = ${opsPort}
[auth]
auth_url = ${authUrl}
[sp_default]
image_endpoint = ${upstream}
enabled_services = image
`,
  )
  start(process.execPath, [main, '--config-file', file, 'proxy'])
  await answering(`http://127.0.0.1:${port}/healthcheck`)
  const lines = readFileSync(join(folder, 'mixmatch.log'), 'utf8').split('\n')
  const accepting = lines.find(line => line.includes('"accepting connections"'))
  const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(accepting ?? '{}'))
  return { name: 'mixmatch', url: `http://127.0.0.1:${port}/image`, pid }
}

/** The floor: what node:http alone takes to answer as much, with nobody behind it. */
async function startFloor(): Promise<Forwarder> {
  const url = await startUpstream()
  return { name: 'node:http, no upstream', url, pid: children.at(-1)?.pid ?? 0 }
}

async function startNginx(upstream: string): Promise<Forwarder> {
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')}; error_log stderr;
events { worker_connections 1024; }
http {
  access_log ${join(folder, 'nginx.log')};
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  upstream glance { server ${new URL(upstream).host}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://glance; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`,
  )
  const child = start('nginx', ['-c', file, '-p', folder])
  await answering(`http://127.0.0.1:${port}/`)
  return { name: 'nginx', url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 }
}

async function startHaproxy(upstream: string): Promise<Forwarder> {
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend glance
backend glance
  http-reuse always
  server one ${new URL(upstream).host}
`,
  )
  const child = start('haproxy', ['-db', '-f', file])
  await answering(`http://127.0.0.1:${port}/`)
  return { name: 'HAProxy', url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 }
}

/** Seconds of CPU that a process has used, user and system. */
function cpuSeconds(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function measure({ url, pid }: Forwarder, path: string, token: string) {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 })
  const target = pathname.replace(/\/$/, '') + path
  const run = async (count: number) => {
    let left = count
    const one = async () => {
      while (left > 0) {
        left -= 1
        const { statusCode, body } = await pool.request({
          path: target,
          method: 'GET',
          headers: { 'X-Auth-Token': token },
        })
        await body.dump()
        if (statusCode !== 200) throw new Error(`${target} was answered ${statusCode}`)
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, one))
  }
  await run(total / 10)
  const before = cpuSeconds(pid)
  const begun = performance.now()
  await run(total)
  const seconds = (performance.now() - begun) / 1000
  await pool.close()
  return { micros: ((cpuSeconds(pid) - before) / total) * 1e6, rate: total / seconds }
}

async function login(authUrl: string): Promise<string> {
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: {
            user: { name: 'demo', domain: { id: 'default' }, password: 'demo-secret' },
          },
        },
        scope: { project: { name: 'demo', domain: { id: 'default' } } },
      },
    }),
  })
  return response.headers.get('x-subject-token') ?? ''
}

const federation = await startFederation({ clouds: ['default'] })
try {
  console.log(`${total} requests of 1 KB over ${CONNECTIONS} connections, best of ${ROUNDS} rounds`)
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}\n`)
  const authUrl = `${federation.cloud('default').keystoneUrl.replace(/\/v3$/, '')}/v3`
  const token = await login(authUrl)
  const path = await seed(join(folder, 'events.db'))
  const upstream = await startUpstream()
  const forwarders = [await startMixmatch(upstream, authUrl), await startFloor()]
  if (installed('nginx')) forwarders.push(await startNginx(upstream))
  if (installed('haproxy')) forwarders.push(await startHaproxy(upstream))

  const best = new Map<string, { micros: number; rate: number }>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const forwarder of forwarders) {
      const result = await measure(forwarder, path, token)
      const known = best.get(forwarder.name)
      if (!known || result.micros < known.micros) best.set(forwarder.name, result)
    }
  }
  const reference = best.get('nginx') ?? best.get('node:http, no upstream')
  console.log(
    `${''.padEnd(24)} CPU µs/request   requests/s   CPU against ${best.has('nginx') ? 'nginx' : 'node:http'}`,
  )
  for (const [name, { micros, rate }] of best) {
    const ratio = (micros / (reference?.micros ?? 1)).toFixed(1)
    console.log(
      `${name.padEnd(24)} ${micros.toFixed(0).padStart(14)} ${rate.toFixed(0).padStart(12)} ${ratio.padStart(14)}`,
    )
  }
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(
    children.map(child => child.exitCode ?? child.signalCode ?? once(child, 'exit')),
  )
  await federation.close()
  rmSync(folder, { recursive: true, force: true })
}

function installed(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(':')
    .concat('/usr/sbin')
    .some(directory => existsSync(join(directory, program)))
}
