import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../sandbox/free-port.js'
import { type Forwarder, nginxOf } from './peers.js'

/** The secret in the file for operators. */
export const OFFLOAD_SECRET = '0123456789abcdef0123456789abcdef'

/** nginx with the configuration for operators, without TLS, as the other nginx has none. */
export async function startOffloadFront(mixmatch: number, folder: string): Promise<Forwarder> {
  const shipped = new URL('../../httpd/nginx-offload.conf', import.meta.url)
  const port = await freePort()
  const text = readFileSync(shipped, 'utf8')
    .replace('listen 443 ssl', `listen 127.0.0.1:${port}`)
    .replace(/^ *ssl_certificate.*$/gm, '')
    .replace('127.0.0.1:5001', `127.0.0.1:${mixmatch}`)
    .replace(/MM-Offload-Secret "[^"]+"/, `MM-Offload-Secret "${OFFLOAD_SECRET}"`)
  writeFileSync(join(folder, 'offload.conf'), text)
  return nginxOf(port, `include ${join(folder, 'offload.conf')};`, folder)
}
