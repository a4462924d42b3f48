import type { CloudConfig } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import { MixmatchError } from '../errors.js'
import { ADMIN, type ServiceAccess, type ServiceIdentity } from '../identity/service-identity.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import { type CheckResult, failureOf, ok, warning } from './finding.js'

/** Check that Mixmatch's own user can log in at a cloud, and what it may do there. `access` is its token. */
export async function checkLogin(
  cloud: CloudConfig,
  auth: Config['auth'],
  identity: Pick<ServiceIdentity, 'access'>,
): Promise<{ result: CheckResult; access: ServiceAccess | null }> {
  if (!cloud.credentials && !auth.credentials) {
    const found = 'Mixmatch has no user of its own: users are served, but reconcile cannot look'
    return { result: warning(found), access: null }
  }
  try {
    const access = await identity.access(cloud.name)
    const found = [`acts in project ${access.project.name}`, ...describeRoles(access, cloud, auth)]
    return { result: ok(found.join('; ')), access }
  } catch (error) {
    const result = failureOf(error)
    // Most clouds do not admit service users, on purpose. Users still log in there by federation.
    const isExpected = !cloud.credentials && isNotAdmitted(error)
    return { result: isExpected ? warning(result.found) : result, access: null }
  }
}

/** Say what Mixmatch's user can do at a cloud, and what it cannot do without a further role. */
function describeRoles(
  { roles }: ServiceAccess,
  { name }: CloudConfig,
  { serviceTokenRoles }: Config['auth'],
): readonly string[] {
  const isService = roles.some(role => serviceTokenRoles.includes(role))
  return [
    roles.includes(ADMIN) ? 'an administrator' : 'no administrator: reconcile sees its own alone',
    ...(isService || name === IDENTITY_PROVIDER
      ? []
      : ['no service (service_token_roles): Nova cannot detach volumes of this cloud']),
  ]
}

function isNotAdmitted(error: unknown): boolean {
  return error instanceof MixmatchError && error.code === 'NO_PROJECT_AT_SERVICE_PROVIDER'
}
