import { cloud } from './cloud-options.js'
import * as kinds from './kinds.js'
import { listOf } from './kinds.js'
import { cafile, insecure, password, passwordFile } from './login-options.js'
import { option, optional } from './option.js'

/**
 * Every option that Mixmatch knows, group by group in the order of the sample. What is read, shown,
 * checked and documented all derives from these tables.
 */
const general = {
  serviceProviders: option(
    'service_providers',
    listOf(kinds.cloudName),
    '',
    'Names of the clouds, each with a group [sp_<name>] below. "default" is the cloud that Mixmatch stands in and where users log in, and must be among them.',
    { example: 'default, cornmeal' },
  ),
  host: option('host', kinds.listenHost, '0.0.0.0', 'Where the proxy listens.', {
    aliases: ['bind_host'],
    restarts: true,
  }),
  port: option(
    'port',
    kinds.port,
    '5001',
    'TCP port that the proxy listens on; 0 for any that is free.',
    { aliases: ['bind_port'], restarts: true },
  ),
  workers: option(
    'workers',
    kinds.workerCount,
    '1',
    'Processes that proxy requests, or auto for one per processor core.',
    { restarts: true },
  ),
  publicEndpoint: optional(
    'public_endpoint',
    kinds.httpUrl,
    'Where clients reach the proxy, for links in answers: the part of the catalog URLs before /image and /volume.',
    {
      otherwise: 'what each request says by its Host, or a trusted proxy for it',
      example: 'https://cloud.example.org/resource',
    },
  ),
  trustedProxies: option(
    'trusted_proxies',
    listOf(kinds.network),
    '',
    'Addresses and networks of the fronts whose Forwarded (RFC 7239) or else X-Forwarded-For, -Host, -Proto, -Port and -Prefix are believed.',
    { otherwise: 'none', example: '127.0.0.1, 10.0.0.0/8' },
  ),
  searchByBroadcast: option(
    'search_by_broadcast',
    kinds.flag,
    'false',
    'Whether a resource that the log does not know is looked for in all clouds.',
  ),
  aggregation: option(
    'aggregation',
    kinds.flag,
    'false',
    'Whether lists are those of all clouds together.',
  ),
  aggregationErrors: option(
    'aggregation_errors',
    kinds.choice(['partial', 'fail']),
    'partial',
    'When a cloud fails to answer a list over all clouds: partial answers with what the others have, and names the missing cloud in MM-Partial; fail answers with the failure.',
  ),
  aggregationTimeout: option(
    'aggregation_timeout',
    kinds.seconds,
    '8',
    'Seconds that one cloud may hold up a list or a search over several clouds. A cloud that is late is left out (see aggregation_errors). After three failures in a row lists and searches do not wait for it, and try it again every ten seconds.',
  ),
  connectTimeout: option(
    'connect_timeout',
    kinds.seconds,
    '5',
    'Seconds until a connection to a cloud must stand.',
  ),
  headersTimeout: option(
    'headers_timeout',
    kinds.seconds,
    '60',
    'Seconds that a cloud has to begin its answer once it has the whole request. Cinder can be slow.',
  ),
  idleTimeout: option(
    'idle_timeout',
    kinds.seconds,
    '600',
    'Seconds without a byte, in either direction, after which a transfer is given up.',
  ),
  gracefulTimeout: option(
    'graceful_timeout',
    kinds.seconds,
    '60',
    'Seconds that running requests have to finish after SIGTERM.',
    { aliases: ['graceful_shutdown_timeout'] },
  ),
  drainDelay: option(
    'drain_delay',
    kinds.wholeSeconds,
    '0',
    'Seconds after SIGTERM in which /healthcheck answers 503 and requests are still taken, so that load balancers stop sending before the port is closed.',
  ),
  healthcheckDisableFile: optional(
    'healthcheck_disable_file',
    kinds.text,
    'While this file exists, /healthcheck answers 503, to take the proxy out of a load balancer without stopping it.',
    {
      aliases: ['healthcheck.disable_by_file_path'],
      example: '/etc/mixmatch/healthcheck_disable',
    },
  ),
  maxRequests: option(
    'max_requests',
    kinds.limit,
    '0',
    'Requests that one worker handles at once before it answers 503; 0 for no limit.',
  ),
  cacheTime: option(
    'cache_time',
    kinds.wholeSeconds,
    '600',
    'Seconds that a token which was validated or exchanged is kept, at most: a revoked token can work this long. Each takes about 9 KB of memory in each worker; a worker keeps at most 10,000 of users and 10,000 for other clouds.',
    { aliases: ['cache.expiration_time'] },
  ),
  notificationExchanges: option(
    'notification_exchanges',
    listOf(kinds.queueName),
    'glance, cinder, openstack, nova, neutron, keystone',
    'Exchanges on the message buses from which notifications are recorded: the control_exchange of each service.',
  ),
  queueMaxBytes: option(
    'queue_max_bytes',
    kinds.limit,
    '1073741824',
    'Bytes that the queue of Mixmatch may hold on a message bus before the oldest notifications are dropped; 0 for no limit. An existing queue keeps the limit it was made with.',
  ),
  queueExpires: option(
    'queue_expires',
    kinds.expirySeconds,
    '1209600',
    'Seconds after which a message bus deletes the queue of a Mixmatch that does not come back (1209600 is two weeks); 0 for never. An existing queue keeps the time it was made with.',
  ),
  reconcile: option(
    'reconcile',
    kinds.choice(['never', 'first', 'gaps']),
    'never',
    'When the recorder by itself compares what it knows with what the clouds really have, as "mixmatch reconcile" does: first for every cloud that never was, gaps also after notifications may have been lost. It needs a user that may see everything, in [auth] or [sp_<name>].',
  ),
  debug: option('debug', kinds.flag, 'false', 'Whether to log details.'),
  logFile: optional('log_file', kinds.text, 'File that log lines are appended to.', {
    aliases: ['logfile'],
    restarts: true,
    otherwise: 'standard error',
    example: '/var/log/mixmatch/mixmatch.log',
  }),
  useJson: optional(
    'use_json',
    kinds.flag,
    'Whether log lines are JSON objects, or else text for people. The access log is JSON always.',
    {
      restarts: true,
      otherwise: 'true, but text where standard error is a terminal',
      example: 'true',
    },
  ),
}

const auth = {
  authUrl: option(
    'auth_url',
    kinds.keystoneUrl,
    'http://localhost:5000/v3',
    'Keystone of the cloud that Mixmatch stands in.',
  ),
  wwwAuthenticateUri: optional(
    'www_authenticate_uri',
    kinds.keystoneUrl,
    'Keystone as clients reach it, for those who come without a token.',
    { otherwise: 'auth_url', example: 'https://cloud.example.org/identity' },
  ),
  username: option(
    'username',
    kinds.text,
    'admin',
    'The user of Mixmatch itself. Forwarding needs none: requests carry the token of their own user.',
  ),
  password,
  passwordFile: passwordFile('/etc/mixmatch/password'),
  userDomainId: option('user_domain_id', kinds.text, 'default', 'The domain of that user.'),
  projectName: option('project_name', kinds.text, 'admin', 'The project that it acts in.'),
  projectDomainId: option(
    'project_domain_id',
    kinds.text,
    'default',
    'The domain of that project.',
  ),
  serviceTokenRoles: option(
    'service_token_roles',
    listOf(kinds.text),
    'service',
    "Roles by which an X-Service-Token is that of a service, as in [keystone_authtoken] of the services. What one asks of another cloud for a user goes there with a service token of Mixmatch's user at that cloud, where that has one of these roles too. Empty for never.",
  ),
  cafile,
  insecure,
}

const database = {
  connection: option(
    'connection',
    kinds.sqliteUrl,
    'sqlite:///data/events.db',
    'The event log: sqlite:///relative/path (to the working directory) or sqlite:////absolute/path. Views are kept beside it, and can be deleted.',
    { restarts: true },
  ),
}

const ops = {
  host: option(
    'host',
    kinds.listenHost,
    '127.0.0.1',
    'Where the port for operators listens. It has health and metrics, nothing about users and resources, and asks for no token: it is for the monitoring network, not for clients.',
    { restarts: true },
  ),
  port: option('port', kinds.port, '9914', 'TCP port of it; 0 for any that is free.', {
    restarts: true,
  }),
}

export const options = { DEFAULT: general, auth, database, ops, sp: cloud } as const

/** What a group is about, for the sample. */
export const groupTitles: Readonly<Record<keyof typeof options, string>> = {
  DEFAULT: 'The proxy and the recorder',
  auth: 'Keystone',
  database: 'The event log',
  ops: 'The port for operators: health and metrics',
  sp: 'One group for each of service_providers',
}
