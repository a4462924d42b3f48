import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { toMessage } from './bus/message.js'
import type { Bus } from './bus/sandbox-bus.js'
import type { WhoIs } from './caller.js'
import { createCinder } from './cinder/cinder.js'
import { microClock } from './clock.js'
import { createGlance } from './glance/glance.js'
import type { Keystone } from './keystone/keystone.js'

/** One request that reached a cloud. */
interface SeenRequest {
  readonly method: string
  /** The request target as it came, with its query. */
  readonly path: string
  /** As Node parses them, without the token. */
  readonly headers: Readonly<IncomingMessage['headers']>
  /** SHA-256 of `X-Auth-Token`, 64 hex digits; null if the request had none. */
  readonly tokenDigest: string | null
}

/** One miniature cloud: Keystone, Glance and Cinder behind one address. */
export interface Cloud {
  readonly name: string
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  /** With `/v3`. */
  readonly keystoneUrl: string
  /** Without a version. */
  readonly imageUrl: string
  /** Without version and project. */
  readonly volumeUrl: string
  /** Where its notifications go, as `[sp_…] messagebus` says it. */
  readonly messagebus: string
  /** The last thousand requests that it received, oldest first. */
  requests(): readonly SeenRequest[]
  close(): Promise<void>
}

interface CloudParts {
  readonly name: string
  readonly server: Server
  readonly keystone: Keystone
  readonly bus: Bus
  /** Where its images are kept. */
  readonly directory: string
  readonly jobDelayMs: number
  /** May respond to a request instead of the cloud; returns whether it did. */
  readonly intercept: (request: IncomingMessage, response: ServerResponse) => boolean
  readonly report: (error: unknown) => void
}

const REMEMBERED = 1000
const MAX_HEADER_BYTES = 64 * 1024 // tokens can be long

/** A server that listens on loopback, before the services exist that it will serve. */
export async function listen(port = 0): Promise<Server> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0 })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** `http://127.0.0.1:<port>` */
export function urlOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return `http://127.0.0.1:${address.port}`
}

/** Serve one cloud from a server that listens already. */
export function openCloud(parts: CloudParts): Cloud {
  const { name, server, keystone, bus, directory, jobDelayMs, intercept, report } = parts
  const url = urlOf(server)
  const keystoneUrl = `${url}/identity/v3`
  const shared = {
    cloud: name,
    whoIs: whoIsBy(keystone),
    keystoneUrl,
    notify: notification => bus.publish(toMessage(name, notification)),
    now: microClock,
    report,
  } satisfies Partial<Parameters<typeof createGlance>[0]>
  const glance = createGlance({ ...shared, directory }).callback()
  const cinder = createCinder({ ...shared, jobDelayMs })
  const answerVolumes = cinder.app.callback()
  const seen: SeenRequest[] = []

  server.on('request', (request, response) => {
    seen.push(describe(request))
    if (seen.length > REMEMBERED) seen.shift()
    if (intercept(request, response)) return
    if (keystone.handle(request, response)) return
    const service = /^\/volume(?:[/?]|$)/.test(request.url ?? '') ? answerVolumes : glance
    service(request, response).catch(report)
  })
  return {
    name,
    url,
    keystoneUrl,
    imageUrl: `${url}/image`,
    volumeUrl: `${url}/volume`,
    messagebus: bus.messagebus,
    requests: () => seen,
    async close() {
      cinder.close()
      server.close()
      server.closeAllConnections()
      await bus.close()
    },
  }
}

function whoIsBy({ validate }: Keystone): WhoIs {
  return token => {
    const info = validate(token)
    return info?.project
      ? {
          userId: info.user.id,
          projectId: info.project.id,
          projectName: info.project.name,
          roles: info.roles,
          token,
        }
      : null
  }
}

function describe({ method = '', url = '', headers }: IncomingMessage): SeenRequest {
  const { 'x-auth-token': token, ...others } = headers
  const tokenDigest =
    typeof token === 'string' ? createHash('sha256').update(token).digest('hex') : null
  return { method, path: url, headers: others, tokenDigest }
}
