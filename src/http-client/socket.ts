import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls'

/** How the certificate of a server is judged. */
interface CertificateRules {
  /** The authorities that are believed instead of the system's, in PEM; null for the system's. */
  readonly authorities: Buffer | null
  /** Take any certificate. */
  readonly insecure: boolean
}

/** Opens sockets to one server. */
export interface SocketMaker {
  /** As the Host header has it: `10.0.0.5:9292`. */
  readonly host: string
  readonly isTls: boolean
  /** The event after which the server can be spoken to. */
  readonly readyEvent: 'connect' | 'secureConnect'
  open(onread: OnReadOpts): Socket
}

/** One that reaches nobody in this time is found dead by the kernel's probes, not by a request. */
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
  // Without it each connection would cost both sides a full handshake.
  let session: Buffer | undefined
  return onread => {
    // Node takes `onread` here, too; only its types do not say so.
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
