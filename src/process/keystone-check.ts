import type { Config } from '../config/config.js'
import { MixmatchError } from '../errors.js'
import { parseAuthUrl } from '../identity/auth-url.js'
import { openKeystoneConnection } from '../identity/keystone-connection.js'
import type { Missing } from './child-messages.js'

/** Shorter than the usual timeouts of readiness probes. */
const TIMEOUTS = { connectTimeoutMs: 2_000, responseTimeoutMs: 3_000 }

/** Check, without credentials, whether the identity provider's Keystone can be reached. Every request needs it. */
export async function checkKeystoneReachable(auth: Config['auth']): Promise<readonly Missing[]> {
  const connection = openKeystoneConnection({
    ...TIMEOUTS,
    cafile: auth.cafile,
    insecure: auth.insecure,
    peer: 'Identity provider',
    faults: { unreachable: 'IDENTITY_UNAVAILABLE', timeout: 'IDENTITY_UNAVAILABLE' },
  })
  try {
    const url = parseAuthUrl(auth.authUrl).v3
    const step = 'readiness check'
    const { status } = await connection.send({ step, method: 'GET', url, headers: {} })
    return status < 500 ? [] : [missing(`${url} answered ${status}`)]
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    return [missing(error.message)]
  } finally {
    await connection.close()
  }
}

function missing(reason: string): Missing {
  return { part: 'keystone', reason }
}
