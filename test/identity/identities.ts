import { Writable } from 'node:stream'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Timeouts } from '../../src/identity/connection.js'
import type { Access, Project } from '../../src/identity/identity.js'
import {
  type CloudOptions,
  createIdentity,
  type IdentityOptions,
} from '../../src/identity/keystone-identity.js'
import { Token } from '../../src/identity/token.js'
import { projectId, spName } from '../../src/ids.js'
import type { Keystones } from './keystones.js'

export const sp1 = spName('sp1')

type Options = Partial<
  Timeouts &
    Pick<IdentityOptions, 'cacheSeconds' | 'onLookup' | 'onVisit'> &
    Omit<CloudOptions, 'name'>
>

/** Identity by the two Keystones; ends with the test. */
export function identityOf(t: ExecutionContext, clouds: Keystones, options: Options = {}) {
  const {
    cacheSeconds = 600,
    connectTimeoutMs = 5_000,
    answerTimeoutMs = 20_000,
    onLookup = () => {},
    onVisit = () => {},
    ...cloud
  } = options
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const identity = createIdentity({
    keystone: { authUrl: clouds.idp.url },
    clouds: [{ name: sp1, spName: 'sp1', authUrl: clouds.sp.url, allowedHosts: [], ...cloud }],
    cacheSeconds,
    timeouts: { connectTimeoutMs, answerTimeoutMs },
    now: clouds.now,
    onLookup,
    onVisit,
    logger: pino({ level: 'debug' }, stream),
  })
  t.teardown(identity.close)

  return {
    identity,
    log: () => lines.join(''),
    /** What the owner of a token can do at `sp1`. */
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
