import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls'

/** How the certificate of a server is verified. */
interface CertificateRules {
  /** The authorities that are trusted instead of the system's, in PEM; null for the system's. */
  readonly authorities: Buffer | null
  /** Accept any certificate. */
  readonly insecure: boolean
}

/** Opens sockets to one server. */
export interface SocketMaker {
  /** As in the Host header: `10.0.0.5:9292`. */
  readonly host: string
  readonly isTls: boolean
  /** The event after which a request can be sent. */
  readonly readyEvent: 'connect' | 'secureConnect'
  open(onread: OnReadOpts): Socket
}

/** The kernel probes connections that are idle for this long, so that no request has to find a dead one. */
const PROBE_AFTER_MS = 60_000

/**
 * @param origin `http://10.0.0.5:9292`, `https://[2001:db8::1]`
 */
export function createSocketMaker(origin: string, rules: CertificateRules): SocketMaker {
  const { protocol, hostname, host, port } = new URL(origin)
  const isTls = protocol === 'https:'
  const address = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
  }
  const options = {
    ...address,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  }
  if (!isTls) {
    return {
      host,
      isTls,
      readyEvent: 'connect',
      open: onread => connectTcp({ ...options, onread }),
    }
  }
  const open = tlsOpener(options, rules)
  return { host, isTls, readyEvent: 'secureConnect', open }
}

function tlsOpener(
  address: { host: string; port: number },
  { authorities, insecure }: CertificateRules,
): (onread: OnReadOpts) => TLSSocket {
  const secureContext = createSecureContext(authorities === null ? {} : { ca: authorities })
  // Without a session, each connection would need a full TLS handshake.
  let session: Buffer | undefined
  return onread => {
    // Node accepts `onread` here, too, but its types do not say so.
    const options = {
      ...address,
      ...(isIP(address.host) === 0 && { servername: address.host }),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: !insecure,
      secureContext,
      ...(session && { session }),
      onread,
    }
    return connectTls(options).on('session', ticket => {
      session = ticket
    })
  }
}
