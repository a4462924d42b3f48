import type { SpName } from '../ids.js'
import { redactPath } from '../redaction.js'

/** Name a request to a cloud in messages, without secrets: `Service provider "sp1": GET /v2/images`. */
export function nameRequest(cloud: SpName, method: string, pathAndQuery: string): string {
  const [path = ''] = pathAndQuery.split('?')
  return `Service provider "${cloud}": ${method} ${redactPath(path)}`
}
