import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { faultOf } from './certificate-trust.js'
import type { Settings } from './effective-settings.js'
import type { Option } from './option.js'
import { Secret } from './secret.js'

/** A user of Mixmatch at a cloud, and the project of its token. */
export interface Credentials {
  readonly username: string
  readonly password: Secret
  readonly userDomainId: string
  readonly projectName: string
  readonly projectDomainId: string
}

/** The options of a user. `[auth]` and `[sp_…]` have the same ones. */
interface CredentialOptions {
  readonly username: Option<string | null>
  readonly password: Option<string | null>
  readonly passwordFile: Option<string | null>
  readonly userDomainId: Option<string>
  readonly projectName: Option<string | null>
  readonly projectDomainId: Option<string>
}

/** Read the user of a group; null if there is no password, or an option is invalid. */
export function readCredentials(
  settings: Settings,
  group: string,
  options: CredentialOptions,
  cwd: string,
): Credentials | null {
  const before = settings.problems.length
  const username = settings.read(group, options.username)
  const projectName = settings.read(group, options.projectName)
  const userDomainId = settings.read(group, options.userDomainId)
  const projectDomainId = settings.read(group, options.projectDomainId)
  const password = readPassword(settings, group, options, cwd)
  if (settings.problems.length > before) return null

  if (password === null) {
    if (settings.isSet(group, options.username)) {
      const message = 'expected a password for that user, in password or password_file; found none'
      settings.problem(group, options.username, message)
    }
    return null
  }
  if (username === null) settings.problem(group, options.username, MISSING)
  if (projectName === null) settings.problem(group, options.projectName, MISSING)
  return username === null || projectName === null
    ? null
    : { username, password, userDomainId, projectName, projectDomainId }
}

const MISSING = 'expected one, because there is a password; found nothing'

/** A password in the environment has precedence, then password_file, then one in the configuration file. */
function readPassword(
  settings: Settings,
  group: string,
  options: CredentialOptions,
  cwd: string,
): Secret | null {
  const written = settings.read(group, options.password)
  const file = settings.read(group, options.passwordFile)
  const { origin } = settings.effective(group, options.password)
  if (file === null || (written !== null && origin.from === 'environment')) {
    return written === null ? null : new Secret(written)
  }
  if (written !== null) {
    settings.warning(group, options.password, 'has no effect: password_file counts instead')
  }
  return readPasswordFile(settings, group, options.passwordFile, resolve(cwd, file))
}

/** Read a password from its file, which has exactly one line. */
function readPasswordFile(
  settings: Settings,
  group: string,
  option: Option<string | null>,
  path: string,
): Secret | null {
  let text = ''
  const fault = faultOf(() => {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  })
  if (fault) settings.problem(group, option, `${fault}: ${path}`)
  else if (/^.+$/.test(text)) return new Secret(text)
  else settings.problem(group, option, `expected a file of one line, the password: ${path}`)
  return null
}
