import { people } from '../people.js'
import type { Sandbox } from '../sandbox.js'
import type { Stage } from './terminal.js'

export interface InvitationFacts {
  readonly sandbox: Pick<
    Sandbox,
    'federation' | 'buses' | 'proxyUrl' | 'configFile' | 'databaseFile' | 'logFile'
  >
  readonly mainScript: string
}

/** Say what there is and where, as the sandbox and its walk-through both begin. */
export function introduce(stage: Stage, { sandbox }: Pick<InvitationFacts, 'sandbox'>): void {
  const { federation, buses, proxyUrl, configFile, databaseFile, logFile } = sandbox
  const [home] = federation.clouds
  stage.heading('Three miniature clouds, and Mixmatch in the catalog of the first')
  stage.say()
  stage.facts([
    ['proxy', proxyUrl],
    ...federation.clouds.map(
      cloud =>
        [
          cloud.name,
          cloud === home ? `${cloud.url}  where users log in` : `${cloud.url}  a service provider`,
        ] as const,
    ),
    ['buses', `${buses.kind === 'file' ? 'files' : 'RabbitMQ'}: ${buses.because}`],
    ['configuration', configFile],
    ['event log', databaseFile],
    ['proxy says', logFile],
  ])
}

/** Say what to try. Every line works when it is pasted into a shell, one after the other. */
export function invite(stage: Stage, facts: InvitationFacts): void {
  const { sandbox, mainScript } = facts
  introduce(stage, facts)
  stage.heading('In another terminal, with the openstack client')
  stage.input(openstackLines(sandbox))
  stage.heading('With curl')
  stage.input(curlLines(sandbox))
  stage.heading('And what Mixmatch makes of it')
  stage.input(
    [
      `mixmatch() { node ${mainScript} --config-file ${sandbox.configFile} "$@"; }`,
      'mixmatch locate $IMAGE',
      'mixmatch explain GET /image/v2/images/$IMAGE',
      'mixmatch log tail -f',
    ].join('\n'),
  )
  stage.say('\nCtrl-C ends all of it.')
}

function openstackLines({ federation }: InvitationFacts['sandbox']): string {
  const { name, password, project } = people.demo
  const url = federation.clouds[0]?.keystoneUrl ?? ''
  return [
    `export OS_AUTH_URL=${url} OS_IDENTITY_API_VERSION=3`,
    `export OS_USERNAME=${name} OS_PASSWORD=${password} OS_PROJECT_NAME=${project}`,
    'export OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default',
    'openstack image create --disk-format raw --container-format bare --file /etc/hosts here',
    'openstack image create --disk-format raw --container-format bare --file /etc/hosts there@sp1',
    'openstack image list',
    'VOLUME=$(openstack volume create --size 1 there@sp1 -f value -c id)',
    'openstack volume show $VOLUME',
  ].join('\n')
}

function curlLines({ federation, proxyUrl }: InvitationFacts['sandbox']): string {
  const url = federation.clouds[0]?.keystoneUrl ?? ''
  const { name, password, project } = people.demo
  const domain = { id: 'default' }
  const login = JSON.stringify({
    auth: {
      identity: { methods: ['password'], password: { user: { name, password, domain } } },
      scope: { project: { name: project, domain } },
    },
  })
  return [
    `KEYSTONE=${url} IMAGES=${proxyUrl}/image/v2/images JSON='Content-Type: application/json'`,
    `TOKEN=$(curl -si $KEYSTONE/auth/tokens -H "$JSON" -d '${login}' \\`,
    `  | tr -d '\\r' | awk 'tolower($1) == "x-subject-token:" { print $2 }')`,
    'curl -s $IMAGES -H "X-Auth-Token: $TOKEN"; echo',
    'IMAGE=$(curl -s $IMAGES -H "X-Auth-Token: $TOKEN" -H "$JSON" -H "MM-SERVICE-PROVIDER: sp1" \\',
    `  -d '{"name":"afar","disk_format":"raw","container_format":"bare"}' \\`,
    `  | sed 's/.*"id": *"\\([^"]*\\)".*/\\1/')`,
    'curl -si $IMAGES/$IMAGE -H "X-Auth-Token: $TOKEN"; echo   # see MM-Service-Provider',
  ].join('\n')
}
