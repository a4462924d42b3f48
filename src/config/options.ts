import { cloud } from './cloud-options.js'
import { fleet } from './fleet-options.js'
import * as kinds from './kinds.js'
import { listOf } from './kinds.js'
import { cafile, insecure, password, passwordFile } from './login-options.js'
import { ops } from './ops-options.js'
import { option, optional } from './option.js'

/**
 * All options of Mixmatch, by group, in the order of the sample. Reading, checking, `config show` and the
 * documentation use these tables.
 */
const general = {
  serviceProviders: option(
    'service_providers',
    listOf(kinds.cloudName),
    '',
    'Names of the clouds, each with a group [sp_<name>] below. "default" must be one of them: the cloud where Mixmatch runs and users log in.',
    { example: 'default, cornmeal' },
  ),
  host: option(
    'host',
    kinds.listenHost,
    '0.0.0.0',
    'Host name or address that the proxy listens on.',
    {
      aliases: ['bind_host'],
      restarts: true,
    },
  ),
  port: option(
    'port',
    kinds.port,
    '5001',
    'TCP port that the proxy listens on; 0 for any free port.',
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
    'URL by which clients reach the proxy, for links in responses: the catalog URLs without /image and /volume.',
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
  offloadSecret: optional(
    'offload_secret',
    kinds.sharedSecret,
    'Lets a front that sends it move image data between clients and clouds itself, see docs/offload.md. Make it with openssl rand -hex 32; the front must keep it from clients.',
    { secret: true, otherwise: 'no front may ask', example: '0123456789abcdef0123456789abcdef' },
  ),
  searchByBroadcast: option(
    'search_by_broadcast',
    kinds.flag,
    'false',
    'Whether to search all clouds for a resource that is not in the log.',
  ),
  aggregation: option(
    'aggregation',
    kinds.flag,
    'false',
    'Whether lists contain the resources of all clouds.',
  ),
  aggregationErrors: option(
    'aggregation_errors',
    kinds.choice(['partial', 'fail']),
    'partial',
    'The response to a list where a cloud fails. partial: the resources of the other clouds, with the missing cloud in MM-Partial. fail: the error of the cloud.',
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
    'Timeout in seconds for connecting to a cloud.',
  ),
  headersTimeout: option(
    'headers_timeout',
    kinds.seconds,
    '60',
    'Timeout in seconds from the end of a request to the response headers of the cloud. Cinder can be slow.',
  ),
  idleTimeout: option(
    'idle_timeout',
    kinds.seconds,
    '600',
    'Seconds without a byte in either direction after which a transfer is aborted.',
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
    'Seconds after SIGTERM in which /healthcheck answers 503 while requests are still accepted. Load balancers stop sending requests before the port is closed.',
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
    'Concurrent requests of one worker. It answers more with 503; 0 for no limit.',
  ),
  cacheTime: option(
    'cache_time',
    kinds.wholeSeconds,
    '600',
    'Seconds for which a validated or exchanged token is kept at most. A revoked token can be accepted this long. Each takes about 9 KB of memory in each worker; a worker keeps at most 10,000 of users and 10,000 for other clouds.',
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
    'Size limit in bytes of the queue of Mixmatch on a message bus. Beyond it the oldest notifications are dropped; 0 for no limit. An existing queue keeps its limit.',
  ),
  queueExpires: option(
    'queue_expires',
    kinds.expirySeconds,
    '1209600',
    'Seconds without a consumer after which a message bus deletes the queue of Mixmatch (1209600 is two weeks); 0 for never. An existing queue keeps its time.',
  ),
  reconcile: option(
    'reconcile',
    kinds.choice(['never', 'first', 'gaps']),
    'never',
    'When the recorder itself reconciles the log with a cloud, as "mixmatch reconcile" does. first: once for each cloud. gaps: also after notifications may have been lost. It needs a user that can see all resources, in [auth] or [sp_<name>].',
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
    'Whether log lines are JSON objects, otherwise text. The access log is always JSON.',
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
    'Keystone of the cloud where Mixmatch runs.',
  ),
  wwwAuthenticateUri: optional(
    'www_authenticate_uri',
    kinds.keystoneUrl,
    'Keystone as clients reach it. Responses to requests without a token name it.',
    { otherwise: 'auth_url', example: 'https://cloud.example.org/identity' },
  ),
  username: option(
    'username',
    kinds.text,
    'admin',
    'The user of Mixmatch itself. Forwarding needs none: requests have the token of their user.',
  ),
  password,
  passwordFile: passwordFile('/etc/mixmatch/password'),
  userDomainId: option('user_domain_id', kinds.text, 'default', 'The domain of that user.'),
  projectName: option('project_name', kinds.text, 'admin', 'The project of its token.'),
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
    'The event log: sqlite:///relative/path (to the working directory) or sqlite:////absolute/path. The views are beside it, and can be deleted.',
    { restarts: true },
  ),
}

export const options = { DEFAULT: general, auth, database, ops, fleet, sp: cloud } as const

/** The description of each group, for the sample. */
export const groupTitles: Readonly<Record<keyof typeof options, string>> = {
  DEFAULT: 'The proxy and the recorder',
  auth: 'Keystone',
  database: 'The event log',
  ops: 'The port for operators: health, metrics and the read API',
  fleet: 'Several nodes with one event log',
  sp: 'One group for each of service_providers',
}
