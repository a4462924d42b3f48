import ini from 'ini'
import type { Cloud } from './cloud.js'
import { people } from './people.js'

interface SettingsFacts {
  /** The first is the identity provider. */
  readonly clouds: readonly Cloud[]
  readonly port: number
  readonly opsPort: number
  readonly databaseFile: string
  /** The console finds requests in it. Without it, log lines go to standard error. */
  readonly logFile?: string
}

/** The `mixmatch.conf` of the sandbox's proxy. */
export function renderSettings(facts: SettingsFacts): string {
  const { clouds, port, opsPort, databaseFile, logFile } = facts
  const [home] = clouds
  const { name, password, project } = people.mixmatch
  const groups = {
    DEFAULT: {
      host: '127.0.0.1',
      port,
      public_endpoint: `http://127.0.0.1:${port}`,
      service_providers: clouds.map(cloud => cloud.name).join(', '),
      search_by_broadcast: true,
      aggregation: true,
      ...(logFile !== undefined && { log_file: logFile }),
    },
    ops: { host: '127.0.0.1', port: opsPort },
    database: { connection: `sqlite:///${databaseFile}` },
    auth: {
      auth_url: home?.keystoneUrl ?? '',
      username: name,
      password,
      project_name: project,
      user_domain_id: 'default',
      project_domain_id: 'default',
    },
    ...Object.fromEntries(clouds.map(cloud => [`sp_${cloud.name}`, cloudGroup(cloud)])),
  }
  return `# Written by the sandbox; gone when it ends.\n${ini.stringify(groups, { whitespace: true })}`
}

function cloudGroup(cloud: Cloud) {
  return {
    sp_name: cloud.name,
    messagebus: cloud.messagebus,
    auth_url: cloud.keystoneUrl,
    image_endpoint: cloud.imageUrl,
    volume_endpoint: cloud.volumeUrl,
    enabled_services: 'image, volume',
  }
}
