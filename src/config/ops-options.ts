import * as kinds from './kinds.js'
import { listOf } from './kinds.js'
import { option, optional } from './option.js'

/** The options of `[ops]`. */
export const ops = {
  host: option(
    'host',
    kinds.listenHost,
    '127.0.0.1',
    'Where the port for operators listens. It has health, metrics and the read API. It is for operators and the monitoring network, not for clients.',
    { restarts: true },
  ),
  port: option(
    'port',
    kinds.port,
    '9914',
    'TCP port that it listens on; 0 for any free port. mixmatch record and mixmatch proxy on one machine need one each.',
    {
      restarts: true,
    },
  ),
  socket: optional(
    'socket',
    kinds.text,
    'Unix socket to listen on instead of host and port. Only the user and the group of Mixmatch can connect to it.',
    { restarts: true, example: '/var/lib/mixmatch/ops.sock' },
  ),
  auth: optional(
    'auth',
    kinds.choice(['none', 'keystone']),
    'Who may use the read API. none: everybody who reaches the port, so only a port that this machine alone can reach, or a socket, may have it. keystone: users with a token of the identity provider and one of the roles below.',
    {
      restarts: true,
      otherwise: 'none on a loopback address or a socket, else keystone',
      example: 'keystone',
    },
  ),
  adminRoles: option(
    'admin_roles',
    listOf(kinds.text),
    'admin',
    'Roles that may see the events and resources of all projects.',
  ),
  readerRoles: option(
    'reader_roles',
    listOf(kinds.text),
    'reader',
    'Roles that may see the events and resources of the project of their token.',
  ),
  healthAuth: option(
    'health_auth',
    kinds.choice(['none', 'keystone']),
    'none',
    'Who may use /healthcheck, /ready and /metrics. keystone: as for the read API, with any of the roles.',
    { restarts: true },
  ),
  anchors: optional(
    'anchors',
    kinds.text,
    'File in which mixmatch log anchor notes heads of the log. The read API shows the last one, and whether the log still has it.',
    { example: '/mnt/anchors/mixmatch.ndjson' },
  ),
}
