import type Koa from 'koa'
import Router from 'koa-router'
import type { Micros } from '../../src/ids.js'
import { ApiFault } from '../api-fault.js'
import { createBackgroundJobs } from '../background-jobs.js'
import type { Notify } from '../bus/message.js'
import { createService, originOf, type ServiceOptions } from '../http-service.js'
import { renderCinderFault } from './cinder-fault.js'
import { createCinderNotifier } from './cinder-notifications.js'
import { routeSnapshots } from './cinder-snapshots.js'
import type { CinderContext, CinderParts, CinderState } from './cinder-state.js'
import { volumeType } from './cinder-volume.js'
import { GIGABYTES, gigabytes, routeVolumes, volumesOf } from './cinder-volumes.js'

interface CinderOptions extends ServiceOptions {
  readonly cloud: string
  readonly notify: Notify
  /** How long it takes to create, extend or delete. */
  readonly jobDelayMs: number
  readonly now: () => Micros
}

export interface Cinder {
  readonly app: Koa<CinderState>
  /** Cancel creations and deletions that have not finished. */
  close(): void
}

const PREFIX = '/volume'
const MAX_MINOR = 70
const MANY = 1000

/** Enough of the Block Storage API v3 for the `openstack` client, cinderclient and curl, below `/volume`. */
export function createCinder(options: CinderOptions): Cinder {
  const { cloud, notify, jobDelayMs, now, report } = options
  const parts: CinderParts = {
    volumes: new Map(),
    snapshots: new Map(),
    notifier: createCinderNotifier(cloud, notify, now),
    jobs: createBackgroundJobs(jobDelayMs, report),
    now,
  }
  const router = new Router<CinderState>({ prefix: PREFIX })
  router.get('/', ctx => versions(ctx, 300))
  router.get('/v3', ctx => versions(ctx, 200))
  routeVolumes(router, parts)
  routeSnapshots(router, parts)
  routeTheRest(router, parts)

  const app = createService<CinderState>(options, {
    isOpen: path => path === PREFIX || path === `${PREFIX}/`,
    render: renderCinderFault,
  })
  app.use((ctx, next) => {
    ctx.state.minor = microversion(ctx.get('OpenStack-API-Version'))
    ctx.set('OpenStack-API-Version', `volume 3.${ctx.state.minor}`)
    ctx.set('Vary', 'OpenStack-API-Version')
    ctx.set('X-Compute-Request-Id', ctx.state.requestId)
    if (ctx.state.minor <= MAX_MINOR) return next()
    throw new ApiFault(
      406,
      `Version 3.${ctx.state.minor} is not supported by the API. ` +
        `Minimum is 3.0 and maximum is 3.${MAX_MINOR}.`,
    )
  })
  app.use((ctx, next) => {
    const [, project, rest = ''] = /^\/volume\/v3\/([0-9a-f-]{32,36})(\/.*)$/.exec(ctx.path) ?? []
    ctx.state.base = `${originOf(ctx)}${PREFIX}/v3${project ? `/${project}` : ''}`
    if (project === undefined) return next()
    if (project !== ctx.state.caller.projectId) throw new ApiFault(400, 'Malformed request url')
    ctx.path = `${PREFIX}/v3${rest}`
    return next()
  })
  app.use(router.routes())
  app.use(() => {
    throw new ApiFault(404, 'The resource could not be found.')
  })
  return { app, close: () => parts.jobs.close() }
}

function routeTheRest(router: Router<CinderState>, { volumes, snapshots }: CinderParts): void {
  router.get('/v3/types', ctx => {
    ctx.body = { volume_types: [volumeType] }
  })

  router.get('/v3/types/:id', ctx => {
    const { id = '' } = ctx.params
    if (id !== 'default' && id !== volumeType.id)
      throw new ApiFault(404, `Volume type ${id} could not be found.`)
    ctx.body = { volume_type: volumeType }
  })

  router.get('/v3/limits', ctx => {
    const { projectId } = ctx.state.caller
    const own = volumesOf(volumes, projectId)
    ctx.body = {
      limits: {
        rate: [],
        absolute: {
          maxTotalVolumes: MANY,
          maxTotalSnapshots: MANY,
          maxTotalVolumeGigabytes: GIGABYTES,
          maxTotalBackups: 0,
          maxTotalBackupGigabytes: 0,
          totalVolumesUsed: own.length,
          totalGigabytesUsed: gigabytes(own),
          totalSnapshotsUsed: [...snapshots.values()].filter(s => s.projectId === projectId).length,
          totalBackupsUsed: 0,
          totalBackupGigabytesUsed: 0,
        },
      },
    }
  })

  router.get('/v3/os-availability-zone', ctx => {
    ctx.body = { availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true } }] }
  })
}

/**
 * The requested N of 3.N: 0 without a header, the newest for `latest`. The header may name several
 * services, separated by commas.
 *
 * @throws ApiFault 400 if it is not a version
 */
function microversion(header: string): number {
  for (const part of header.split(',')) {
    const [service, version = ''] = part.trim().split(/\s+/)
    if (service !== 'volume') continue
    if (version === 'latest') return MAX_MINOR
    const minor = /^3\.(\d+)$/.exec(version)?.[1]
    if (minor !== undefined) return Number(minor)
    throw new ApiFault(
      400,
      `API Version String ${version} is of invalid format. Must be of format 3.N.`,
    )
  }
  return 0
}

function versions(ctx: CinderContext, status: 200 | 300): void {
  ctx.status = status
  ctx.body = {
    versions: [
      {
        id: 'v3.0',
        status: 'CURRENT',
        version: `3.${MAX_MINOR}`,
        min_version: '3.0',
        updated: '2022-08-31T00:00:00Z',
        links: [
          { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
          { rel: 'self', href: `${originOf(ctx)}${PREFIX}/v3/` },
        ],
        'media-types': [
          {
            base: 'application/json',
            type: 'application/vnd.openstack.volume+json;version=3',
          },
        ],
      },
    ],
  }
}
