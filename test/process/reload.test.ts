import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { pino } from 'pino'
import { checkConfig } from '../../src/config/config.js'
import { createReload, type ReadAgain, type ValidConfig } from '../../src/process/reload.js'
import { folder } from '../controls.js'

interface Line {
  readonly level: number
  readonly msg: string
  readonly option?: string
}

/** The message bus is a file: a cloud without one is a warning at each reload. */
const clouds = {
  OS_DEFAULT__SERVICE_PROVIDERS: 'default',
  OS_SP_DEFAULT__IMAGE_ENDPOINT: 'http://glance:9292',
  OS_SP_DEFAULT__VOLUME_ENDPOINT: 'http://cinder:8776',
  OS_SP_DEFAULT__MESSAGEBUS: 'file:///bus.ndjson',
}

/** A reload reads the environment that was last passed to `next`. */
function reloading(apply: (reading: ValidConfig) => Promise<void> = async () => {}) {
  const lines: Line[] = []
  const results: string[] = []
  const taken: ValidConfig[] = []
  let env: Record<string, string> = clouds
  const read: ReadAgain = variables =>
    checkConfig({ cwd: '/nowhere', env: { ...env, ...variables } })
  const checked = read()
  if (!checked.config) throw new Error(JSON.stringify(checked.problems))
  const reload = createReload({
    first: { ...checked, config: checked.config },
    read,
    async apply(reading) {
      taken.push(reading)
      await apply(reading)
    },
    onResult: result => results.push(result),
    logger: pino({}, { write: line => lines.push(JSON.parse(line)) }),
  })
  const next = (more: Record<string, string>) => {
    env = { ...clouds, ...more }
    return reload()
  }
  return { reload, next, lines, results, taken }
}

const said = (lines: readonly Line[], option: string) =>
  lines.filter(line => line.option === option)

test('a reload logs a changed option once, and applies it', async t => {
  const { next, lines, results, taken } = reloading()
  await next({ OS_DEFAULT__CACHE_TIME: '7' })
  await next({ OS_DEFAULT__CACHE_TIME: '7' })
  t.is(taken.at(-1)?.config.auth.cacheSeconds, 7)
  t.like(said(lines, 'cache_time'), [{ level: 30, before: '600', after: '7' }])
  t.is(said(lines, 'cache_time').length, 1)
  t.deepEqual(results, ['taken', 'taken'])
})

test('each reload logs the options that need a restart, until they have their old value again', async t => {
  const { next, lines } = reloading()
  await next({ OS_DEFAULT__PORT: '5002' })
  await next({ OS_DEFAULT__PORT: '5002' })
  await next({})
  t.like(said(lines, 'port'), [{ level: 40 }, { level: 40 }])
  t.is(said(lines, 'port').length, 2)
})

test('a reload rejects a wrong configuration, and applies the next valid one', async t => {
  const { next, lines, results, taken } = reloading()
  await next({ OS_DEFAULT__CACHE_TIME: 'soon', OS_DEFAULT__DEBUG: 'perhaps' })
  t.is(lines.filter(({ level }) => level === 50).length, 3)
  t.deepEqual(taken, [])
  await next({ OS_DEFAULT__CACHE_TIME: '7' })
  t.deepEqual(results, ['refused', 'taken'])
})

test('a reload rejects a missing configuration', async t => {
  const { next, results } = reloading()
  await next({ OS_DEFAULT__SERVICE_PROVIDERS: '' })
  t.deepEqual(results, ['refused'])
})

test('several calls during a reload cause one more reload after it', async t => {
  let running = 0
  let most = 0
  const { next, taken } = reloading(async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise(resolve => setTimeout(resolve, 10))
    running -= 1
  })
  const times = ['7', '8', '9'].map(seconds => next({ OS_DEFAULT__CACHE_TIME: seconds }))
  await Promise.all(times)
  t.is(taken.length, 2)
  t.is(taken.at(-1)?.config.auth.cacheSeconds, 9)
  t.is(most, 1)
  await next({ OS_DEFAULT__CACHE_TIME: '10' })
  t.is(taken.length, 3)
})

test('a configuration that cannot be applied everywhere is logged, and the next reload applies again', async t => {
  let fails = true
  const { next, results, taken } = reloading(async () => {
    if (fails) throw new Error('a worker ended')
  })
  await next({ OS_DEFAULT__CACHE_TIME: '7' })
  fails = false
  await next({ OS_DEFAULT__CACHE_TIME: '7' })
  t.deepEqual(results, ['failed', 'taken'])
  t.is(taken.length, 2)
})

test('a reload restarts nothing if only options that need a restart changed, and names them', async t => {
  const { next, lines, results, taken } = reloading()
  await next({ OS_OPS__AUTH: 'keystone', OS_OPS__HEALTH_AUTH: 'keystone' })
  t.deepEqual(taken, [])
  t.deepEqual(results, ['taken'])
  t.deepEqual(
    lines.map(({ level, option, msg }) => [level, option ?? msg]),
    [
      [40, 'auth'],
      [40, 'health_auth'],
      [40, 'nothing is restarted: all that is different needs a restart to count'],
    ],
  )
})

test('a reload keeps the options that need a restart while it applies others', async t => {
  const { next, taken } = reloading()
  const edited = { OS_DATABASE__CONNECTION: 'sqlite:////other.db', OS_DEFAULT__LOG_FILE: '/o.log' }
  await next({ ...edited, OS_DEFAULT__CACHE_TIME: '7', OS_OPS__ADMIN_ROLES: 'operator' })
  t.like(taken.at(-1)?.config, {
    database: { file: '/nowhere/data/events.db' },
    logging: { file: null },
    auth: { cacheSeconds: 7 },
    ops: { adminRoles: ['operator'] },
  })
})

test('a reload restarts nothing if nothing changed', async t => {
  const { reload, lines, results, taken } = reloading()
  await reload()
  t.deepEqual(taken, [])
  t.deepEqual(results, ['taken'])
  t.like(lines, [{ level: 30, msg: 'the configuration is unchanged: nothing is restarted' }])
})

test('new contents of a password file or of certificates are a change of the configuration', async t => {
  const directory = folder(t)
  const [password, cafile] = [join(directory, 'password'), join(directory, 'ca.pem')]
  writeFileSync(password, 'one')
  writeFileSync(cafile, '')
  const { next, taken } = reloading()
  const files = {
    OS_AUTH__PASSWORD_FILE: password,
    OS_AUTH__USERNAME: 'mixmatch',
    OS_AUTH__PROJECT_NAME: 'service',
    OS_AUTH__CAFILE: cafile,
  }
  await next(files)
  t.is(taken.length, 1)
  writeFileSync(password, 'two')
  await next(files)
  t.is(taken.length, 2)
  utimesSync(cafile, 1, 1)
  await next(files)
  t.is(taken.length, 3)
  await next(files)
  t.is(taken.length, 3)
})
