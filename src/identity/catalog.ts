/** One service in a token's catalog, as far as endpoints are concerned. */
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
 * Names that one service goes by, the official one first and then by what clouds still use
 * (service-types-authority).
 */
const families: readonly (readonly string[])[] = [
  ['block-storage', 'volumev3', 'block-store', 'volume', 'volumev2'],
  ['image'],
  ['network'],
]

/**
 * The public endpoint of each service, under every name that the service goes by: a cloud that
 * lists only `volumev3` is found under `block-storage` and `volume` too, and always with the
 * newest that it has.
 *
 * @param region the region wanted; null takes the first that the catalog names
 * @param isAllowed leaves out URLs that do not belong to the cloud
 */
export function endpointsOf(
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
  for (const family of families) {
    const newest = family.map(type => found.get(type)).find(url => url !== undefined)
    if (newest !== undefined) for (const type of family) found.set(type, newest)
  }
  return found
}
