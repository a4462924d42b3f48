import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, openFileBus } from './bus/sandbox-bus.js'
import { type Cloud, listen, openCloud, urlOf } from './cloud.js'
import { createKeystone } from './keystone/keystone.js'
import type { CatalogEntry } from './keystone/keystone-bodies.js'
import { federationUrls } from './keystone/keystone-federation.js'
import { identityProviderDirectory, REFUSED, serviceProviderDirectory } from './people.js'

export interface FederationOptions {
  /** The first is the identity provider; the Keystone id of a service provider is its name. */
  readonly clouds?: readonly string[]
  /** Opens the bus of a cloud; by default a file for each. */
  readonly openBus?: (cloud: string) => Promise<Bus>
  /** The folder for images and notification files; by default a temporary one, removed at the end. */
  readonly directory?: string
  /** Loopback ports in the order of the clouds; a missing one means any free port. */
  readonly ports?: readonly number[]
  /** More users, each the member of a project of the same name at every cloud. */
  readonly members?: readonly string[]
  /** How long Cinder takes to create, extend and delete. */
  readonly jobDelayMs?: number
  /** May respond to a request instead of the cloud; returns whether it did. */
  readonly intercept?: (
    cloud: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean
  /** Called with unexpected errors. */
  readonly report?: (error: unknown) => void
}

export interface Federation {
  readonly clouds: readonly Cloud[]
  /** @throws Error if there is no such cloud */
  cloud(name: string): Cloud
  /** From now on, the identity provider's catalog names this URL for image and volume. */
  pointCatalogAt(url: string): void
  close(): Promise<void>
}

/** A cloud before its services exist: its server listens already, so its URL is known to the others. */
interface Site {
  readonly name: string
  readonly server: Server
  readonly url: string
  /** Without `/v3`. */
  readonly keystoneUrl: string
}

/**
 * Several miniature clouds. The first is the identity provider of the others. Its catalog names its own
 * services until `pointCatalogAt` is called.
 */
export async function startFederation(options: FederationOptions = {}): Promise<Federation> {
  const { clouds: names = ['default', 'sp1', 'sp2'], ports = [], jobDelayMs = 200 } = options
  const { intercept = () => false, report = () => {}, members = [] } = options
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'mixmatch-clouds-')))
  const openBus = options.openBus ?? (async name => openFileBus(join(directory, `${name}.ndjson`)))
  const sites = await Promise.all(names.map((name, index) => settle(name, ports[index])))
  const secret = randomBytes(32).toString('hex')
  let proxyUrl: string | null = null

  async function open(site: Site): Promise<Cloud> {
    const files = join(directory, site.name)
    await mkdir(files, { recursive: true, mode: 0o700 })
    const servicesUrl = () => (site === sites[0] && proxyUrl) || site.url
    return openCloud({
      name: site.name,
      server: site.server,
      keystone: createKeystone({
        ...rolesOf(site, sites, { secret, members }),
        url: site.keystoneUrl,
        catalog: () => catalog(servicesUrl()),
        report,
      }),
      bus: await openBus(site.name),
      directory: files,
      jobDelayMs,
      intercept: (request, response) => intercept(site.name, request, response),
      report,
    })
  }

  async function close(): Promise<void> {
    for (const { server } of sites) server.close()
    await Promise.all(clouds.map(cloud => cloud.close()))
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
  }

  const clouds: Cloud[] = []
  try {
    for (const site of sites) clouds.push(await open(site))
  } catch (error) {
    await close()
    throw error
  }
  return {
    clouds,
    cloud(name) {
      const cloud = clouds.find(candidate => candidate.name === name)
      if (!cloud) throw new Error(`no cloud is called ${name}: there are ${names.join(', ')}`)
      return cloud
    },
    pointCatalogAt(url) {
      proxyUrl = url
    },
    close,
  }
}

async function settle(name: string, port: number | undefined): Promise<Site> {
  const server = await listen(port)
  const url = urlOf(server)
  return { name, server, url, keystoneUrl: `${url}/identity` }
}

/** The first cloud is the identity provider, the others are service providers. */
function rolesOf(
  site: Site,
  [home, ...others]: readonly Site[],
  { secret, members }: { secret: string; members: readonly string[] },
) {
  if (home === undefined || site === home) {
    const serviceProviders = others.map(({ name, keystoneUrl }) => ({
      id: name,
      ...federationUrls(keystoneUrl, site.name),
    }))
    return { directory: identityProviderDirectory(site.name, members), secret, serviceProviders }
  }
  const { name: id, keystoneUrl: url } = home
  return {
    directory: serviceProviderDirectory(site.name, members),
    identityProviders: [{ id, url, secret, refusedUsers: REFUSED }],
  }
}

function catalog(servicesUrl: string): CatalogEntry[] {
  const volumes = `${servicesUrl}/volume/v3/$(project_id)s`
  return [
    { type: 'image', name: 'glance', url: `${servicesUrl}/image` },
    { type: 'block-storage', name: 'cinder', url: volumes },
    { type: 'volumev3', name: 'cinderv3', url: volumes },
  ]
}
