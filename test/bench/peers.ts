import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../sandbox/free-port.js'
import { isInstalled, listening, type Program, startProgram } from './program.js'

/** A program that forwards requests to the upstream. */
export interface Forwarder {
  readonly name: string
  readonly port: number
  readonly program: Program
}

/** The proxies for Node that people would use otherwise, cheapest configuration of each. */
export const nodePeers = ['http-proxy', 'fast-proxy', 'fastify'] as const

const folderOfPeers = fileURLToPath(new URL('peers', import.meta.url))

/** Install the peers, which are no dependencies of Mixmatch. */
export function installPeers(): void {
  if (existsSync(join(folderOfPeers, 'node_modules'))) return
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: folderOfPeers, stdio: 'inherit' })
}

export async function startNodePeer(
  name: (typeof nodePeers)[number],
  upstream: number,
): Promise<Forwarder> {
  const port = await freePort()
  const script = join(folderOfPeers, `${name}.js`)
  const args = [script, String(port), `http://127.0.0.1:${upstream}`]
  return started(name, port, startProgram(process.execPath, args, 'proxy'))
}

/** nginx and HAProxy, where they are installed: programs in C, for scale. */
export async function startCPeers(upstream: number, folder: string): Promise<Forwarder[]> {
  return [
    ...(isInstalled('nginx') ? [await startNginx(upstream, folder)] : []),
    ...(isInstalled('haproxy') ? [await startHaproxy(upstream, folder)] : []),
  ]
}

export async function startNginx(upstream: number, folder: string): Promise<Forwarder> {
  const port = await freePort()
  const servers = `
  proxy_buffering off; proxy_request_buffering off;
  upstream cloud { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0; keepalive_requests 100000000;
    location / { proxy_pass http://cloud; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }`
  return nginxOf(port, servers, folder)
}

/** nginx with these servers, one of which listens on the port. */
export async function nginxOf(port: number, servers: string, folder: string): Promise<Forwarder> {
  const file = join(folder, `nginx-${port}.conf`)
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${file}.pid; error_log stderr crit;
events { worker_connections 2048; }
http {
  access_log ${file}.log;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  ${servers}
}`,
  )
  return started('nginx', port, startProgram('nginx', ['-c', file, '-p', folder], 'proxy'))
}

async function startHaproxy(upstream: number, folder: string): Promise<Forwarder> {
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
  default_backend cloud
backend cloud
  http-reuse always
  server one 127.0.0.1:${upstream}
`,
  )
  return started('HAProxy', port, startProgram('haproxy', ['-db', '-f', file], 'proxy'))
}

async function started(name: string, port: number, program: Program): Promise<Forwarder> {
  await listening(port, program)
  return { name, port, program }
}
