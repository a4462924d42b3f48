import { resourceId } from '../ids.js'
import { entry, isServiceName, services } from '../service/services.js'
import type { ParsedPath } from './path.js'

const PLAIN =
  /^\/([a-z]+)\/(v[1-9])(?:\/([0-9a-f]{32}))?\/([a-z][a-z_-]*)\/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})((?:\/[a-z_]+)?)$/

/**
 * Parse a path that names one resource in the plainest way, as most requests do:
 * `/volume/v3/{project}/volumes/{id}/action`. This takes a tenth of the time of `parsePath`, and has the
 * same result (a test compares them).
 *
 * @returns null for any other path
 */
export function parsePlainPath(target: string): ParsedPath | null {
  const [, name = '', version = '', project, collection = '', id = '', tail = ''] =
    PLAIN.exec(target) ?? []
  if (!isServiceName(name)) return null
  const service = services[name]
  const { holds: type, idAfter = 0 } = entry(service.collections, collection) ?? {}
  if (!type || idAfter > 0 || (project !== undefined && !service.projectInPath)) return null
  return {
    service: name,
    version,
    projectSegment: project ?? null,
    collection,
    target: { kind: 'resource', type, id: resourceId(id), tail },
    rest: `/${collection}/${id}${tail}`,
    query: '',
  }
}
