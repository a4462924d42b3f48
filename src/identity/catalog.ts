/** A service in a token's catalog. */
export interface CatalogService {
  readonly type: string
  readonly endpoints: readonly {
    readonly interface: string
    /** Keystone's `region_id`. */
    readonly region: string | null
    readonly url: string
  }[]
}

/**
 * The service types of one service: the official one first, then older ones that clouds still use
 * (service-types-authority).
 */
const aliases: readonly (readonly string[])[] = [
  ['block-storage', 'volumev3', 'block-store', 'volume', 'volumev2'],
  ['image'],
  ['network'],
]

/**
 * The public endpoint of each service, under every type of the service. A service that a cloud lists only
 * as `volumev3` is also under `block-storage` and `volume`. All types have the newest endpoint.
 *
 * @param region null takes the first endpoint in the catalog
 * @param isAllowed leaves out URLs that do not belong to the cloud
 */
export function publicEndpoints(
  catalog: readonly CatalogService[],
  region: string | null,
  isAllowed: (url: string) => boolean,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { type, endpoints } of catalog) {
    const usable = endpoints.find(
      endpoint =>
        endpoint.interface === 'public' &&
        (region === null || endpoint.region === region) &&
        isAllowed(endpoint.url),
    )
    if (usable && !found.has(type)) found.set(type, usable.url)
  }
  for (const family of aliases) {
    const newest = family.map(type => found.get(type)).find(url => url !== undefined)
    if (newest !== undefined) for (const type of family) found.set(type, newest)
  }
  return found
}
