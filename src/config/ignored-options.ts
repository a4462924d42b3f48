import { earlierGroups } from './groups.js'

/** Known options of the Python mixmatch and of oslo libraries that have no effect here. */
interface Ignored {
  /** `sp` for the groups of all clouds. */
  readonly group: string
  /** Names; a `*` stands for any text. */
  readonly names: readonly string[]
  readonly because: string
}

const ignored: readonly Ignored[] = [
  {
    group: 'DEFAULT',
    names: ['image_api_versions', 'volume_api_versions', 'network_api_versions'],
    because: 'the clouds themselves are asked for their versions',
  },
  {
    group: 'DEFAULT',
    names: ['caching'],
    because: 'tokens are always kept for a while; cache_time says how long at most',
  },
  {
    // The sample of the Python mixmatch had it in this group.
    group: 'auth',
    names: ['caching'],
    because: 'tokens are always kept for a while; cache_time says how long at most',
  },
  {
    group: 'DEFAULT',
    names: [
      'log_dir',
      'logdir',
      'log_config_append',
      'log_config',
      'log_date_format',
      'log_format',
      'log_rotat*',
      'max_logfile_*',
      'watch_log_file',
      'use_stderr',
      'use_eventlog',
      'use_syslog*',
      'use_journal',
      'syslog_log_facility',
      'logging_*',
      'default_log_levels',
      'publish_errors',
      'fatal_deprecations',
      'instance_*format',
      'rate_limit_*',
      'verbose',
    ],
    because: 'log lines go to log_file or standard error, with debug or without',
  },
  {
    group: 'DEFAULT',
    names: ['transport_url', 'control_exchange', 'rpc_*'],
    because:
      'each cloud has a messagebus of its own, and notification_exchanges lists what is heard',
  },
  {
    group: 'database',
    names: [
      'backend',
      'slave_connection',
      'sqlite_synchronous',
      'mysql_*',
      'connection_*',
      'max_pool_size',
      'min_pool_size',
      'max_retries',
      'retry_interval',
      'max_overflow',
      'pool_timeout',
      'use_db_reconnect',
      'db_*',
      'use_tpool',
    ],
    because: 'the event log is a SQLite file, which needs no connection pool',
  },
  {
    group: 'cache',
    names: [
      'enabled',
      'backend',
      'backend_argument',
      'config_prefix',
      'proxies',
      'debug_cache_backend',
      'memcache_*',
      'redis_*',
      'tls_*',
      'socket_keepalive_*',
      'enable_*',
      'retry_*',
      'hashclient_*',
      'dead_timeout',
      'username',
      'password',
    ],
    because: 'each process keeps its tokens in memory, for cache_time seconds at most',
  },
  {
    group: 'healthcheck',
    names: ['path', 'detailed', 'backends', 'allowed_source_ranges', 'ignore_proxied_requests'],
    because: '/healthcheck is always there, and says in a word what is the matter',
  },
  {
    group: 'sp',
    names: ['services'],
    because: 'enabled_services says which of them are proxied',
  },
]

/** Groups in which each option is ignored, or is another name of one of our options. */
export const ignoredGroups: readonly string[] = ['cache', 'healthcheck']

/** Why an option is ignored; null for an unknown option. */
export function whyIgnored(group: string, name: string): string | null {
  const kind = group.startsWith('sp_') ? 'sp' : (earlierGroups.get(group) ?? group)
  const found = ignored.find(
    each => each.group === kind && each.names.some(pattern => matches(pattern, name)),
  )
  return found?.because ?? null
}

function matches(pattern: string, name: string): boolean {
  const [start = '', end] = pattern.split('*')
  return end === undefined ? name === start : name.startsWith(start) && name.endsWith(end)
}
