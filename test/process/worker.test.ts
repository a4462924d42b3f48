import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Federation } from '../../sandbox/federation.js'
import { people } from '../../sandbox/people.js'
import { readConfig } from '../../src/config/config.js'
import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { renderMetrics } from '../../src/metrics/snapshot.js'
import { runWorker } from '../../src/process/worker.js'
import { folder } from '../controls.js'
import { logIn, startClouds } from '../sandbox/clouds.js'
import { samplesOf } from './serving.js'

/** Start a worker with all its parts in front of a miniature federation. It stops with the test. */
async function startWorker(
  t: ExecutionContext,
  { clouds }: Federation,
  settings: Readonly<Record<string, string>>,
) {
  const directory = folder(t)
  const ofClouds = clouds.flatMap(({ name, keystoneUrl, imageUrl, volumeUrl }) =>
    Object.entries({
      auth_url: keystoneUrl,
      image_endpoint: imageUrl,
      volume_endpoint: volumeUrl,
    }).map(([option, url]) => [`OS_SP_${name}__${option}`.toUpperCase(), url]),
  )
  const env = {
    OS_DEFAULT__HOST: '127.0.0.1',
    OS_DEFAULT__PORT: '0',
    OS_DEFAULT__SERVICE_PROVIDERS: clouds.map(({ name }) => name).join(', '),
    OS_AUTH__AUTH_URL: clouds[0]?.keystoneUrl,
    ...Object.fromEntries(ofClouds),
    ...settings,
  }
  const config = readConfig({ cwd: directory, env })
  const files = { logFile: join(directory, 'events.db'), viewsFile: join(directory, 'views.db') }
  const metrics = createProxyMetrics()
  let end = () => {}
  const stop = new Promise<void>(resolve => {
    end = resolve
  })
  let working: Promise<number> | undefined
  const port = await new Promise<number>((resolve, reject) => {
    working = runWorker({
      config,
      files,
      metrics,
      stop,
      onCommand() {},
      onListening: ({ port }) => resolve(port),
      logger: pino({ level: 'silent' }),
      logRequest() {},
    })
    working.catch(reject)
  })
  t.teardown(() => {
    end()
    return working
  })
  return {
    url: `http://127.0.0.1:${port}`,
    samples: async () => samplesOf(await renderMetrics([await metrics.snapshot()])),
  }
}

test("a service's request for a user goes to another cloud with the tokens of both", async t => {
  const federation = await startClouds(t, { clouds: ['default', 'sp1'] })
  const [home, there] = [federation.cloud('default'), federation.cloud('sp1')]
  const { url, samples } = await startWorker(t, federation, {
    // The miniature has only an administrator. The role does not matter in this test.
    OS_AUTH__SERVICE_TOKEN_ROLES: 'service, admin',
    OS_SP_SP1__USERNAME: people.admin.name,
    OS_SP_SP1__PASSWORD: people.admin.password,
    OS_SP_SP1__PROJECT_NAME: people.admin.project,
  })
  const user = await logIn(home)
  const service = await logIn(home, people.mixmatch)
  const headers = { 'MM-SERVICE-PROVIDER': 'sp1', 'X-Service-Token': service.token }
  const list = () => user.call('GET', `${url}/image/v2/images`, { headers })
  t.is((await list()).status, 200)
  t.is((await list()).status, 200)

  const asked = there.requests().filter(({ path }) => path === '/image/v2/images')
  const tokens = asked.map(request => request.headers['x-service-token'])
  t.is(tokens.length, 2)
  t.is(tokens[0], tokens[1])
  const described = await user.call('GET', `${there.keystoneUrl}/auth/tokens`, {
    headers: { 'X-Auth-Token': `${tokens[0]}`, 'X-Subject-Token': `${tokens[0]}` },
  })
  t.is(described.json.token.user.name, people.admin.name)
  const sent = 'mixmatch_service_tokens_total{cloud="sp1",result="sent"}'
  t.is((await samples()).get(sent), 2)
})
