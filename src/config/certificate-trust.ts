import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorCodeOf } from '../error-code.js'
import type { Settings } from './effective-settings.js'
import type { Option } from './option.js'

/** Which certificates of a cloud are accepted. */
export interface CertificateTrust {
  /** Absolute path of a PEM file of authorities; null for those of the system. */
  readonly cafile: string | null
  /** Accept any certificate. */
  readonly insecure: boolean
}

interface TrustOptions {
  readonly cafile: Option<string | null>
  readonly insecure: Option<boolean>
}

/** Read `cafile` and `insecure` of a group. */
export function readTrust(
  settings: Settings,
  group: string,
  options: TrustOptions,
  cwd: string,
): CertificateTrust {
  const insecure = settings.read(group, options.insecure)
  if (insecure) settings.warning(group, options.insecure, 'certificates are not checked')
  const written = settings.read(group, options.cafile)
  if (written === null) return { cafile: null, insecure }
  const cafile = resolve(cwd, written)
  let pem = ''
  const fault = faultOf(() => {
    pem = readFileSync(cafile, 'utf8')
  })
  if (fault) settings.problem(group, options.cafile, `${fault}: ${written}`)
  else if (!/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(pem)) {
    const message = `contains no certificate, so that none of this cloud can be accepted: ${written}`
    settings.warning(group, options.cafile, message)
  }
  return { cafile, insecure }
}

/** Why a file cannot be used; null if it can. */
export function faultOf(use: () => void): string | null {
  try {
    use()
    return null
  } catch (error) {
    return `expected a file that can be read, found ${errorCodeOf(error)}`
  }
}
