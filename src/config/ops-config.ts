import { isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import type { Settings } from './effective-settings.js'
import { options } from './options.js'

/** The port for operators: `[ops]`. */
export interface OpsConfig {
  readonly host: string
  readonly port: number
  /** Absolute path of a Unix socket to listen on instead of host and port; null if there is none. */
  readonly socket: string | null
  /** Who may use the read API: everybody who reaches the port, or users with a token. */
  readonly auth: 'none' | 'keystone'
  /** The same for health and metrics. */
  readonly healthAuth: 'none' | 'keystone'
  /** Roles that may see everything. */
  readonly adminRoles: readonly string[]
  /** Roles that may see what belongs to the project of their token. */
  readonly readerRoles: readonly string[]
  /** Absolute path of the file with the noted heads of the log; null if there is none. */
  readonly anchors: string | null
}

/** Read `[ops]`. It is a problem if others than this machine could read everything without a token. */
export function readOps(settings: Settings, cwd: string): OpsConfig {
  const anchors = settings.read('ops', options.ops.anchors)
  const { ops } = options
  const host = settings.read('ops', ops.host)
  const socket = settings.read('ops', ops.socket)
  const isLocal = socket !== null || isLoopback(host)
  const auth = settings.read('ops', ops.auth) ?? (isLocal ? 'none' : 'keystone')
  if (auth === 'none' && !isLocal) {
    const message = `expected keystone, or a loopback address as [ops] host, or a socket: without a token everybody who reaches ${host} could read the events of all projects`
    settings.problem('ops', ops.auth, message)
  }
  return {
    host,
    port: settings.read('ops', ops.port),
    socket: socket === null ? null : resolve(cwd, socket),
    auth,
    healthAuth: settings.read('ops', ops.healthAuth),
    adminRoles: settings.read('ops', ops.adminRoles),
    readerRoles: settings.read('ops', ops.readerRoles),
    anchors: anchors === null ? null : resolve(cwd, anchors),
  }
}

/** Whether only this machine can connect to a server that listens on this host. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
