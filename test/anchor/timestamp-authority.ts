import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import { folder } from '../controls.js'

/** A time-stamping authority of our own, on a port of its own. */
interface TimestampAuthority {
  readonly url: string
  /** PEM file of the certificate authority that issued its certificate. */
  readonly authorities: string
  /** Another certificate authority, which has nothing to do with it. */
  readonly strangers: string
}

const configuration = (path: string) => `
[ ca ]
basicConstraints = critical, CA:true
[ signer ]
extendedKeyUsage = critical, timeStamping
[ tsa ]
default_tsa = here
[ here ]
dir = ${path}
serial = $dir/serial
crypto_device = builtin
signer_cert = $dir/signer.pem
certs = $dir/ca.pem
signer_key = $dir/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
`

/** Start a server that answers RFC 3161 requests with OpenSSL (package `openssl`). */
export async function startTimestampAuthority(t: ExecutionContext): Promise<TimestampAuthority> {
  const path = join(folder(t), 'tsa')
  mkdirSync(path)
  const config = join(path, 'openssl.cnf')
  writeFileSync(config, configuration(path))
  writeFileSync(join(path, 'serial'), '01\n')
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: path, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const name of ['ca', 'stranger']) {
    openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`],
      ...['-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2'],
    )
  }
  openssl(
    ...['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'signer.key', '-out', 'signer.csr'],
    ...['-subj', '/CN=signer'],
  )
  openssl(
    ...['x509', '-req', '-in', 'signer.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out'],
    ...['signer.pem', '-days', '2', '-extfile', config, '-extensions', 'signer'],
  )
  const server = createServer(async (req, res) => {
    writeFileSync(join(path, 'query.tsq'), await buffer(req))
    openssl(
      ...['ts', '-reply', '-config', config, '-section', 'here'],
      ...['-queryfile', 'query.tsq', '-out', 'reply.tsr'],
    )
    res.setHeader('Content-Type', 'application/timestamp-reply')
    res.end(readFileSync(join(path, 'reply.tsr')))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    authorities: join(path, 'ca.pem'),
    strangers: join(path, 'stranger.pem'),
  }
}
