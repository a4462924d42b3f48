import type { SpName } from '../ids.js'
import { redactPath } from '../redaction.js'

/** Name a request to a cloud in messages: `Service provider "sp1": GET /v2/images`. No secret is in it. */
export function nameRequest(cloud: SpName, method: string, pathAndQuery: string): string {
  const [path = ''] = pathAndQuery.split('?')
  return `Service provider "${cloud}": ${method} ${redactPath(path)}`
}
