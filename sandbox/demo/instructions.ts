import { people } from '../people.js'
import type { Sandbox } from '../sandbox.js'
import type { Terminal } from './terminal.js'

interface InstructionFacts {
  readonly sandbox: Pick<
    Sandbox,
    'federation' | 'buses' | 'proxyUrl' | 'opsUrl' | 'configFile' | 'databaseFile' | 'logFile'
  >
  readonly mainScript: string
}

/** Print the parts of the sandbox with their addresses. */
export function printOverview(
  terminal: Terminal,
  { sandbox }: Pick<InstructionFacts, 'sandbox'>,
): void {
  const { federation, buses, proxyUrl, opsUrl, configFile, databaseFile, logFile } = sandbox
  const [home] = federation.clouds
  terminal.heading('Three miniature clouds, and Mixmatch in the catalog of the first')
  terminal.say()
  terminal.facts([
    ['console', `${opsUrl}/console/`],
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

/** Print commands to try. Each works when pasted into a shell, in this order. */
export function printInstructions(terminal: Terminal, facts: InstructionFacts): void {
  const { sandbox, mainScript } = facts
  printOverview(terminal, facts)
  terminal.heading('In another terminal, with the openstack client')
  terminal.input(openstackLines(sandbox))
  terminal.heading('With curl')
  terminal.input(curlLines(sandbox))
  terminal.heading('And what Mixmatch makes of it')
  terminal.input(
    [
      `mixmatch() { ${process.execPath} ${mainScript} --config-file ${sandbox.configFile} "$@"; }`,
      'mixmatch locate $IMAGE',
      'mixmatch explain GET /image/v2/images/$IMAGE',
      'mixmatch log tail -f',
    ].join('\n'),
  )
  terminal.heading('In a browser')
  terminal.input(`${sandbox.opsUrl}/console/`)
  terminal.say('\nCtrl-C ends all of it.')
}

function openstackLines({ federation }: InstructionFacts['sandbox']): string {
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

function curlLines({ federation, proxyUrl }: InstructionFacts['sandbox']): string {
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
