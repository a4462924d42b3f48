import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { version } from '../../src/version.js'
import { folder } from '../controls.js'
import { type Line, play, type Running, samplesOf, start } from './serving.js'

// Each test starts several processes, so they run one at a time. Most requests need no token.

test.serial(
  'serve starts while everything else is down, and /ready names what is missing',
  async t => {
    let isUp = false
    const keystone = await play(t, (_, res) => {
      res.statusCode = isUp ? 200 : 503
      res.end('{}')
    })
    const serving = start(t, 'serve', { keystone })
    await serving.line('serving')
    const ops = await serving.ops()
    const before = await readinessOf(ops, ({ missing }) => missing.length === 1)
    t.like(before, { status: 503, ready: false, missing: [{ part: 'keystone' }] })
    t.is((await fetch(`${ops}/healthcheck`)).status, 200)
    t.is((await fetch(`${await serving.url()}/healthcheck`)).status, 200)

    isUp = true
    const { degraded, ...others } = await readinessOf(ops, ({ missing }) => missing.length === 0)
    t.deepEqual(others, { status: 200, ready: true, missing: [] })
    t.true(JSON.stringify(degraded).includes('"part":"bus","service_provider":"default"'))

    writeFileSync(
      join(serving.directory, 'sp1.ndjson'),
      `${JSON.stringify({ cloud: 'sp1', exchange: 'glance', routing_key: 'notifications.info', properties: {}, body: 'no notification' })}\n`,
    )
    const unparseable = 'mixmatch_unparseable_total{cloud="sp1"}'
    while ((await samplesAt(serving)).get(unparseable) !== 1) await setTimeout(100)
    const samples = await samplesAt(serving)
    t.is(samples.get('mixmatch_bus_connected{cloud="default"}'), 0)
    const build = [...samples.keys()].filter(name => name.startsWith('mixmatch_build_info'))
    t.deepEqual(build, [
      `mixmatch_build_info{version="${version}",node="${process.versions.node}"}`,
    ])
    t.is(samples.get(build[0] ?? ''), 1)
    t.is(samples.get('mixmatch_bus_connected{cloud="sp1"}'), 1)
    t.is(samples.get('mixmatch_views_position'), samples.get('mixmatch_log_position'))
    for (const role of ['supervisor', 'recorder', 'worker']) {
      t.true((samples.get(`process_resident_memory_bytes{process="${role}"}`) ?? 0) > 0, role)
    }
  },
)

test.serial(
  'a reload with a wrong configuration logs all its problems, and the old one stays in force',
  async t => {
    const serving = start(t, 'serve')
    await serving.line('serving')
    serving.configure({ idle_timeout: 'soon', debug: 'perhaps' })
    serving.signal('SIGHUP')
    await serving.line('the configuration is wrong, and the old one stays')
    const errors = serving.lines.filter(({ level }) => level === 'error').map(({ msg }) => msg)
    t.true(errors.some(msg => msg?.includes('idle_timeout')))
    t.true(errors.some(msg => msg?.includes('debug')))
    t.is((await fetch(`${await serving.url()}/healthcheck`)).status, 200)
    t.is((await samplesAt(serving)).get('mixmatch_reloads_total{result="refused"}'), 1)
  },
)

test.serial(
  'a reload applies what can change, logs what needs a restart, and drops no connection',
  async t => {
    const glance = await playGlance(t)
    const serving = start(t, 'serve', { glance: glance.url })
    await serving.line('serving')
    const url = await serving.url()
    const slow = fetch(`${url}/image/versions?slow`)
    await glance.hasSlow
    const pulse = beat(`${url}/image/versions`)

    const disableFile = join(serving.directory, 'disabled')
    serving.configure({ healthcheck_disable_file: disableFile, port: '1' })
    serving.signal('SIGHUP')
    await serving.line('the configuration was read again')
    t.like(change(serving.lines, 'healthcheck_disable_file'), { level: 'info', after: disableFile })
    t.like(change(serving.lines, 'port'), { level: 'warn', before: '0', after: '1' })
    await setTimeout(3_000) // idle connections to the old workers are closed in this time
    while (pulse.answered() < 50) await setTimeout(50)
    t.deepEqual(await pulse.stop(), [])

    writeFileSync(disableFile, '')
    let health = await fetch(`${url}/healthcheck`)
    while (health.ok) {
      await setTimeout(50) // on an idle connection an old worker may still answer
      health = await fetch(`${url}/healthcheck`)
    }
    t.is(health.status, 503)
    t.is(await health.text(), 'DISABLED BY FILE')
    glance.release()
    t.is(await (await slow).text(), 'slow, but whole')
  },
)

test.serial(
  'on SIGTERM the health check fails first, then running requests finish, and the recorder stops last',
  async t => {
    const glance = await playGlance(t)
    const serving = start(t, 'serve', { glance: glance.url }, { drain_delay: '6' })
    await serving.line('serving')
    const url = await serving.url()
    const slow = fetch(`${url}/image/versions?slow`)
    await glance.hasSlow
    serving.signal('SIGTERM')
    let health = await fetch(`${url}/healthcheck`)
    while (health.ok) health = await fetch(`${url}/healthcheck`)
    t.is(await health.text(), 'draining')
    t.is((await fetch(`${url}/image/versions`)).status, 200)

    const isOpen = () =>
      fetch(`${url}/healthcheck`).then(
        () => true,
        () => false,
      )
    while (await isOpen()) await setTimeout(50)
    glance.release()
    t.is(await (await slow).text(), 'slow, but whole')
    t.is(await serving.ended, 0)
    const stopped = serving.lines.filter(({ msg }) => msg === 'stopped').map(({ name }) => name)
    t.deepEqual(stopped, ['worker', 'recorder', 'supervisor'])
  },
)

test.serial('a killed worker is started again, and its counters stay in the metrics', async t => {
  const glance = await playGlance(t)
  const serving = start(t, 'serve', { glance: glance.url }, { workers: '2' })
  await serving.line('serving')
  const url = await serving.url()
  for (let n = 0; n < 3; n += 1) await (await fetch(`${url}/image/versions`)).text()
  const counted =
    'mixmatch_requests_total{service="image",cloud="default",method="GET",code="200",reason="local"}'
  const count = async () => (await samplesAt(serving)).get(counted)
  while ((await count()) !== 3) await setTimeout(50)

  const { pid } = await serving.line('accepting connections')
  serving.forget()
  process.kill(Number(pid), 'SIGKILL')
  await serving.line('accepting connections')
  await (await fetch(`${url}/image/versions`)).text()
  while ((await count()) !== 4) await setTimeout(50)
  const samples = await samplesAt(serving)
  t.is(samples.get('mixmatch_process_deaths_total{process="worker"}'), 1)
})

test.serial(
  'after log rotation and SIGHUP every process writes to the new file, and none is restarted',
  async t => {
    const file = join(folder(t), 'mixmatch.log')
    const serving = start(t, 'serve', {}, { log_file: file })
    const linesOf = (path: string): Line[] => {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
      const lines = text.split('\n').slice(0, -1) // the last may be half written
      return lines.map(line => JSON.parse(line))
    }
    const said = async (path: string, msg: string) => {
      while (!linesOf(path).some(line => line.msg === msg)) await setTimeout(50)
    }
    await said(file, 'serving')
    renameSync(file, `${file}.1`)
    serving.signal('SIGHUP')
    await said(file, 'the configuration is unchanged: nothing is restarted')
    serving.signal('SIGTERM')
    t.is(await serving.ended, 0)
    const stopped = linesOf(file).filter(({ msg }) => msg === 'stopped')
    const started = linesOf(`${file}.1`)
    t.deepEqual(
      stopped.map(({ name }) => name),
      ['worker', 'recorder', 'supervisor'],
    )
    for (const { name, pid } of stopped)
      t.is(started.find(line => line['name'] === name)?.['pid'], pid)
    t.is(statSync(file).mode & 0o777, 0o640)
  },
)

test.serial(
  'SIGTERM to the whole process group stops every process once, and leaves no WAL beside the log',
  async t => {
    const serving = start(t, 'serve')
    await serving.line('serving')
    const children = ['the event log is open', 'accepting connections'].map(
      said => serving.lines.find(({ msg }) => msg === said)?.['pid'],
    )
    serving.signal('SIGTERM')
    for (const pid of children) process.kill(Number(pid), 'SIGTERM')
    t.is(await serving.ended, 0)
    const stopped = serving.lines.filter(({ msg }) => msg === 'stopped').map(({ name }) => name)
    t.deepEqual(stopped.toSorted(), ['recorder', 'supervisor', 'worker'])
    t.false(existsSync(join(serving.directory, 'events.db-wal')))
  },
)

const readiness = z.object({
  ready: z.boolean(),
  missing: z.array(z.json()),
  degraded: z.array(z.json()),
})

/** The answer of /ready when it is as expected: on a busy machine a process may be late with its status. */
async function readinessOf(
  ops: string,
  isExpected: (answer: z.infer<typeof readiness>) => boolean,
): Promise<z.infer<typeof readiness> & { readonly status: number }> {
  for (;;) {
    const response = await fetch(`${ops}/ready`)
    const answer = readiness.parse(await response.json())
    if (isExpected(answer)) return { status: response.status, ...answer }
    await setTimeout(100)
  }
}

async function samplesAt(serving: Running) {
  return samplesOf(await (await fetch(`${await serving.ops()}/metrics`)).text())
}

function change(lines: readonly Line[], option: string): Line | undefined {
  return lines.find(line => line['option'] === option)
}

/** A Glance that answers late. */
async function playGlance(t: ExecutionContext) {
  let release = () => {}
  let slowCame = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const hasSlow = new Promise<void>(resolve => {
    slowCame = resolve
  })
  const url = await play(t, async (req, res) => {
    if (!req.url?.includes('slow')) return res.end('quick')
    res.write('slow, ')
    slowCame()
    await released
    return res.end('but whole')
  })
  return { url, release, hasSlow }
}

/** Send requests one after another on a few keep-alive connections. */
function beat(url: string) {
  const agent = new Agent({ keepAlive: true })
  const failed: string[] = []
  let answered = 0
  let isOver = false
  const once = () =>
    new Promise<void>(resolve => {
      const request = get(url, { agent }, response => {
        if (response.statusCode !== 200) failed.push(String(response.statusCode))
        response.on('end', () => {
          answered += 1
          resolve()
        })
        response.on('error', error => failed.push(error.message))
        response.resume()
      })
      request.on('error', error => {
        failed.push(error.message)
        resolve()
      })
    })
  const hearts = [1, 2, 3].map(async () => {
    while (!isOver) {
      await once()
      await setTimeout(20)
    }
  })
  return {
    answered: () => answered,
    /** Returns the failures. */
    async stop() {
      isOver = true
      await Promise.all(hearts)
      agent.destroy()
      return failed
    },
  }
}
