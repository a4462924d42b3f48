import test, { type ExecutionContext } from 'ava'
import Koa from 'koa'
import { type Health, healthcheck } from '../../src/http/healthcheck.js'
import { ask, startServer } from '../upstream/wire.js'

const well: Health = { healthy: true, reasons: [] }
const draining: Health = { healthy: false, reasons: ['draining', 'no view'] }

function serve(t: ExecutionContext, health: Health): Promise<string> {
  const app = new Koa()
  app.use(healthcheck(() => health))
  app.use(ctx => {
    ctx.body = 'beyond'
  })
  return startServer(t, app.callback())
}

test('/healthcheck of a healthy process is 200 OK, and 204 to HEAD', async t => {
  const url = `${await serve(t, well)}/healthcheck`
  const answer = await ask(url)
  t.is(answer.status, 200)
  t.is(answer.body.toString(), 'OK')
  t.is((await ask(url, { method: 'HEAD' })).status, 204)
})

test('/healthcheck of a draining process is 503 with the reasons', async t => {
  const url = `${await serve(t, draining)}/healthcheck`
  const answer = await ask(url)
  t.is(answer.status, 503)
  t.is(answer.body.toString(), 'draining\nno view')
  t.is((await ask(url, { method: 'HEAD' })).status, 503)
})

test('/healthcheck responds with JSON if the client accepts it', async t => {
  const url = `${await serve(t, draining)}/healthcheck?x=1`
  const answer = await ask(url, { headers: { Accept: 'application/json' } })
  t.deepEqual(JSON.parse(answer.body.toString()), {
    detailed: false,
    reasons: ['draining', 'no view'],
  })
})

test('/healthcheck allows only GET and HEAD, and passes other paths on', async t => {
  const url = await serve(t, well)
  const refused = await ask(`${url}/healthcheck`, { method: 'POST' })
  t.is(refused.status, 405)
  t.is(refused.headers.allow, 'GET, HEAD')
  t.is((await ask(`${url}/healthchecks`)).body.toString(), 'beyond')
})
