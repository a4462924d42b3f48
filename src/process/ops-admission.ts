import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import type { Credentials } from '../config/credentials.js'
import type { OpsConfig } from '../config/ops-config.js'
import type { ConsoleAccess } from '../console/console-access.js'
import { MixmatchError } from '../errors.js'
import { admitAll, createAdmission } from '../http/ops-visitor.js'
import type { Caller, Identity } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { chooseProject } from '../routing/project.js'

/** Admits the visitors of the port for operators, and logs them in to the console. */
export interface OpsAdmission extends ConsoleAccess, AsyncDisposable {}

interface AdmissionOptions {
  /** `[ops] auth`, as it was when the port was opened. */
  readonly auth: OpsConfig['auth']
  /** The configuration in force. A reload changes it. */
  readonly config: () => Config
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** Admit visitors as `[ops] auth` says. Keystone is asked as for requests that are proxied. */
export function createOpsAdmission({ auth, config, logger }: AdmissionOptions): OpsAdmission {
  let open: { readonly of: Config; readonly parts: ReturnType<typeof openAdmission> } | null = null

  /** The admission of the configuration in force. */
  async function current() {
    const inForce = config()
    if (open?.of === inForce) return await open.parts
    const old = open
    open = { of: inForce, parts: openAdmission(inForce, logger) }
    await (await old?.parts)?.close()
    return await open.parts
  }

  return {
    admit: async token => (auth === 'none' ? admitAll(token) : (await current()).admit(token)),
    logIn: async credentials => (await current()).logIn(credentials),
    listProjects: async token => (await current()).listProjects(token),
    async [Symbol.asyncDispose]() {
      await (await open?.parts)?.close()
    },
  }
}

/** A healthy Keystone answers in milliseconds. */
const TIMEOUTS = { connectTimeoutMs: 3_000, responseTimeoutMs: 5_000 }

/** The modules are loaded when the first visitor comes: most supervisors never need them. */
async function openAdmission({ auth, clouds, ops }: Config, logger: AdmissionOptions['logger']) {
  const [{ openKeystones }, { createIdentity }, { logIn }, { listProjects }] = await Promise.all([
    import('../identity/keystones.js'),
    import('../identity/keystone-identity.js'),
    import('../identity/service-login.js'),
    import('../identity/keystone.js'),
  ])
  const keystones = openKeystones({ keystone: auth, clouds, timeouts: TIMEOUTS })
  const { cacheSeconds } = auth
  const identity = createIdentity({ keystones, cacheSeconds, now: Date.now, logger })
  const others = clouds.map(({ name }) => name).filter(name => name !== IDENTITY_PROVIDER)
  return {
    admit: createAdmission({
      authenticate: identity.authenticate,
      projectsElsewhere: async (token, caller) => {
        const found = await Promise.all(
          others.map(cloud => projectAt(cloud, token, caller, identity, logger)),
        )
        return found.filter(project => project !== null)
      },
      cacheSeconds,
      ...ops,
    }),
    logIn: async (credentials: Credentials) => (await logIn(keystones.home, credentials)).token,
    listProjects: (token: Token) => listProjects(keystones.home, token),
    close: () => keystones.close(),
  }
}

/** The project at another cloud in which a request of this user would act; null if there is none. */
async function projectAt(
  cloud: SpName,
  token: Token,
  caller: Caller,
  identity: Identity,
  logger: AdmissionOptions['logger'],
) {
  try {
    const projects = await identity.projects(token, caller, cloud)
    const choice = { at: cloud, asked: null, owner: null, local: caller.project }
    return { service_provider: cloud, project: chooseProject(choice, projects).id }
  } catch (error) {
    if (!(error instanceof MixmatchError)) throw error
    // The reader then sees nothing of that cloud, as if it had no project there.
    logger.debug({ cloud, code: error.code }, 'the project of a reader at a cloud is unknown')
    return null
  }
}
