import type { KnownServiceProvider } from '../identity/keystone-responses.js'
import { redactedExcerpt } from '../redaction.js'
import { type CheckResult, failed, ok } from './finding.js'

/** How much of a URL is shown. */
const MAX_SHOWN = 200

/** A service provider in the configuration. */
interface Wanted {
  /** Its id in the identity provider's Keystone. */
  readonly spName: string
  readonly isAllowed: (url: string) => boolean
}

/** Check that the identity provider's Keystone knows a service provider, and that its URLs are on allowed hosts. */
export function checkFederation(
  { spName, isAllowed }: Wanted,
  known: readonly KnownServiceProvider[],
): CheckResult {
  const found = known.find(({ id }) => id === spName)
  if (!found) {
    const names = known.map(({ id }) => id).join(', ') || 'none'
    return failed(
      `the identity provider's Keystone knows no enabled service provider "${spName}" (it knows: ` +
        `${names}): "openstack service provider create" makes one; sp_name says how it is called`,
    )
  }
  const foreign = [found.spUrl, found.authUrl].find(url => !isAllowed(url))
  if (foreign !== undefined) {
    return failed(
      `assertions would go to ${redactedExcerpt(foreign, MAX_SHOWN)}, which is not on allowed_hosts: add its host, if it is right`,
    )
  }
  return ok(`known as "${spName}", assertions go to ${found.spUrl}`)
}
