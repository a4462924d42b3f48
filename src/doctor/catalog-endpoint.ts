import { type CatalogService, publicEndpoints } from '../identity/catalog.js'
import { endpointBase } from '../routing/upstream-path.js'
import type { ServiceName } from '../service/service.js'
import { services } from '../service/services.js'
import { type CheckResult, ok, warning } from './finding.js'

/**
 * Check that the endpoint in the identity provider's catalog is Mixmatch.
 *
 * @param endpoint the endpoint of the service itself, from the configuration
 */
export function checkCatalog(
  catalog: readonly CatalogService[],
  service: ServiceName,
  endpoint: string | null,
): CheckResult {
  const public_ = publicEndpoints(catalog, null, () => true)
  const type = services[service].catalogTypes.find(name => public_.has(name))
  const url = type === undefined ? undefined : public_.get(type)
  if (url === undefined) return warning(`has no public endpoint of ${service}: clients find none`)
  if (endpoint !== null && endpointBase(url) === endpointBase(endpoint)) {
    return warning(
      `names ${url}, the ${service} service itself: clients do not come to Mixmatch until ` +
        '"openstack endpoint set --url" names it there',
    )
  }
  return ok(`leads ${service} to ${url}`)
}
