import type { Cloud } from './cloud.js'
import { people } from './people.js'

export interface SettingsFacts {
  /** The first is the identity provider. */
  readonly clouds: readonly Cloud[]
  readonly port: number
  readonly opsPort: number
  readonly databaseFile: string
}

/** The `mixmatch.conf` of the sandbox's proxy. */
export function renderSettings({ clouds, port, opsPort, databaseFile }: SettingsFacts): string {
  const [home] = clouds
  const { name, password, project } = people.mixmatch
  return [
    '# Written by `mixmatch sandbox`; gone when it ends.',
    section('DEFAULT', {
      host: '127.0.0.1',
      port,
      public_endpoint: `http://127.0.0.1:${port}`,
      service_providers: clouds.map(cloud => cloud.name).join(', '),
      search_by_broadcast: true,
      aggregation: true,
    }),
    section('ops', { host: '127.0.0.1', port: opsPort }),
    section('database', { connection: `sqlite:///${databaseFile}` }),
    section('auth', {
      auth_url: home?.keystoneUrl ?? '',
      username: name,
      password,
      project_name: project,
      user_domain_id: 'default',
      project_domain_id: 'default',
    }),
    ...clouds.map(cloud =>
      section(`sp_${cloud.name}`, {
        sp_name: cloud.name,
        messagebus: cloud.messagebus,
        auth_url: cloud.keystoneUrl,
        image_endpoint: cloud.imageUrl,
        volume_endpoint: cloud.volumeUrl,
        enabled_services: 'image, volume',
      }),
    ),
  ].join('\n')
}

function section(name: string, options: Record<string, string | number | boolean>): string {
  const lines = Object.entries(options).map(([option, value]) => `${option} = ${value}`)
  return [`[${name}]`, ...lines, ''].join('\n')
}
