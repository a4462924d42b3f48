import { Writable } from 'node:stream'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Credentials } from '../../src/config/credentials.js'
import { Secret } from '../../src/config/secret.js'
import type { Access, Project } from '../../src/identity/identity.js'
import type { KeystoneTimeouts } from '../../src/identity/keystone-connection.js'
import { createIdentity, type IdentityOptions } from '../../src/identity/keystone-identity.js'
import { type CloudOptions, openKeystones } from '../../src/identity/keystones.js'
import { createServiceIdentity } from '../../src/identity/service-identity.js'
import { Token } from '../../src/identity/token.js'
import { IDENTITY_PROVIDER, projectId, spName } from '../../src/ids.js'
import type { Keystones } from './keystones.js'

export const sp1 = spName('sp1')

type Options = Partial<
  KeystoneTimeouts &
    Pick<IdentityOptions, 'cacheSeconds' | 'onLookup' | 'onFederation'> &
    Omit<CloudOptions, 'name'>
>

/** The identity of users at the two Keystones. It is closed at the end of the test. */
export function identityOf(t: ExecutionContext, clouds: Keystones, options: Options = {}) {
  const {
    cacheSeconds = 600,
    connectTimeoutMs = 5_000,
    responseTimeoutMs = 20_000,
    onLookup = () => {},
    onFederation = () => {},
    ...cloud
  } = options
  const { logger, lines } = logbook()
  const keystones = openKeystones({
    keystone: { authUrl: clouds.idp.url },
    clouds: [
      {
        name: sp1,
        spName: 'sp1',
        authUrl: clouds.sp.url,
        allowedHosts: [],
        region: null,
        ...cloud,
      },
    ],
    timeouts: { connectTimeoutMs, responseTimeoutMs },
  })
  t.teardown(keystones.close)
  const identity = createIdentity({
    keystones,
    cacheSeconds,
    now: clouds.now,
    onLookup,
    onFederation,
    logger,
  })

  return {
    identity,
    log: () => lines.join(''),
    /** The session of a user at `sp1`. */
    async visitor(secret: string) {
      const token = new Token(secret)
      const caller = await identity.authenticate(token)
      return {
        projects: (): Promise<readonly Project[]> => identity.projects(token, caller, sp1),
        access: (project: string): Promise<Access> =>
          identity.access(token, caller, sp1, projectId(project)),
      }
    },
  }
}

/** The credentials of a service user in the configuration. */
export function user(
  username: string,
  projectName: string,
  password = `${username}-password`,
): Credentials {
  return {
    username,
    password: new Secret(password),
    userDomainId: 'default',
    projectName,
    projectDomainId: 'default',
  }
}

/** The identity of the service user at the two Keystones. It is closed at the end of the test. */
export function serviceAt(
  t: ExecutionContext,
  { idp, sp, now }: Keystones,
  own: Credentials | null,
  theirs: Credentials | null = null,
  wantedRoles: readonly string[] = ['admin'],
) {
  const cloud = { allowedHosts: [], region: null }
  const keystones = openKeystones({
    keystone: { authUrl: idp.url },
    clouds: [
      { ...cloud, name: IDENTITY_PROVIDER, spName: 'default', authUrl: idp.url },
      { ...cloud, name: sp1, spName: 'sp1', authUrl: sp.url },
    ],
    timeouts: { connectTimeoutMs: 5_000, responseTimeoutMs: 20_000 },
  })
  t.teardown(keystones.close)
  return createServiceIdentity({
    keystones,
    ownCredentials: own,
    credentialsAt: name => (name === sp1 ? theirs : null),
    wantedRoles,
    now,
  })
}

/** A logger at level debug, and the lines that it wrote. */
export function logbook() {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { logger: pino({ level: 'debug' }, stream), lines }
}
