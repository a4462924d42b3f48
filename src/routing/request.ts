import type { ProjectId, SpName } from '../ids.js'
import type { JsonValue } from '../service/json.js'
import type { ParsedPath } from './path.js'

/** A request as far as its routing depends on it. */
export interface RoutedRequest {
  /** Upper case, as on the wire. */
  readonly method: string
  readonly path: ParsedPath
  readonly controls: Controls
  /** Read only when `needsBody` asks for it; undefined where it was not read or is no JSON. */
  readonly body: JsonValue | undefined
}

/** The headers that speak to the proxy. None of them is forwarded as it came. */
export interface Controls {
  /** `MM-SERVICE-PROVIDER`: the cloud that the user asks for, as yet unchecked. */
  readonly serviceProvider: SpName | null
  /** `MM-PROJECT-ID`: the project to act in at a service provider, where it has a say in that. */
  readonly project: ProjectId | null
  /** `MM-PROXY-LIST`: the clouds whose proxies have passed the request on, by their Keystone names. */
  readonly proxyList: readonly string[]
}
