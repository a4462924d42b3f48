import { MixmatchError } from '../errors.js'

const EXTENSION = '/network/v2.0/networks/extended'

/** Whether a path, without its query, is the network extension's to answer. */
export function isNetworkPath(path: string): boolean {
  return /^\/network(?:\/|$)/.test(path)
}

/**
 * What answers a request below `/network`: only one to extend a network is served there.
 *
 * @param path without its query
 * @param extension null if network is not among the `enabled_services` of the identity provider
 * @throws NOT_FOUND, METHOD_NOT_ALLOWED
 */
export function requireExtension<Extension>(
  method: string,
  path: string,
  extension: Extension | null,
): Extension {
  if (extension === null) {
    const message =
      'Nothing is served below /network: network is not among the enabled_services of [sp_default].'
    throw new MixmatchError('NOT_FOUND', message)
  }
  if (path !== EXTENSION) {
    const message = `Nothing is served here: of Neutron, Mixmatch serves POST ${EXTENSION} alone. Send other requests to Neutron itself.`
    throw new MixmatchError('NOT_FOUND', message)
  }
  if (method === 'POST') return extension
  const message = `${EXTENSION}: expected the method POST, got ${method}.`
  throw new MixmatchError('METHOD_NOT_ALLOWED', message)
}
