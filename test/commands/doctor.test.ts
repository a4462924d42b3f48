import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import ava, { type ExecutionContext } from 'ava'
import { people } from '../../sandbox/people.js'
import { startScene } from '../reconcile/clouds.js'
import { mixmatch } from './run-command.js'

/** Serial, because each test starts two clouds. */
const test = ava.serial

async function examined(t: ExecutionContext, change: (settings: string) => string = text => text) {
  const scene = await startScene(t)
  const file = join(scene.path, 'mixmatch.conf')
  writeFileSync(file, change(readFileSync(file, 'utf8')))
  const run = await mixmatch(scene.path, 'doctor', '--format', 'json')
  const verdicts = run.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .map(({ service_provider, part, verdict, found }) => ({
      of: `${service_provider ?? 'mixmatch'} ${part}`,
      verdict,
      found,
    }))
  return { run, verdicts, scene }
}

test('the doctor checks every part of every cloud, and changes nothing', async t => {
  const { run, verdicts, scene } = await examined(t)
  t.is(run.code, 0)
  t.deepEqual(
    verdicts.map(({ of }) => of),
    [
      'mixmatch event log',
      ...['keystone', 'clock', 'login', 'catalog', 'catalog', 'image', 'volume', 'bus'].map(
        part => `default ${part}`,
      ),
      ...['keystone', 'clock', 'login', 'federation', 'image', 'volume', 'bus'].map(
        part => `sp1 ${part}`,
      ),
    ],
  )
  const notOk = verdicts.filter(({ verdict }) => verdict !== 'ok').map(({ of }) => of)
  // The catalogs do not lead through Mixmatch here, and the buses of the miniature clouds have no messages yet.
  t.deepEqual(notOk, ['default catalog', 'default catalog'])
  t.is(scene.events().length, 0)
  const login = (cloud: string) => verdicts.find(({ of }) => of === `${cloud} login`)?.found
  t.regex(login('default'), /; an administrator$/)
  t.regex(login('sp1'), /; an administrator; no service \(service_token_roles\): /)
})

test('the doctor checks all other parts if one is unreachable', async t => {
  const { run, verdicts } = await examined(t, text =>
    text.replace(/(\[sp_sp1\][\s\S]*?image_endpoint = ).*/, '$1http://127.0.0.1:1'),
  )
  t.is(run.code, 1)
  const failed = verdicts.filter(({ verdict }) => verdict === 'failed')
  t.deepEqual(
    failed.map(({ of }) => of),
    ['sp1 image'],
  )
  t.regex(failed[0]?.found ?? '', /127\.0\.0\.1:1.*ECONNREFUSED/)
})

test('the doctor reports a rejected password as a failure and does not print it', async t => {
  const { run, verdicts } = await examined(t, text =>
    text.replace(`password = ${people.admin.password}`, 'password = not-it-at-all'),
  )
  t.is(run.code, 1)
  t.like(
    verdicts.find(({ of }) => of === 'default login'),
    { verdict: 'failed' },
  )
  t.like(
    verdicts.find(({ of }) => of === 'sp1 federation'),
    { verdict: 'warning' },
  )
  t.notRegex(run.out, /not-it-at-all/)
})

test('the doctor warns if a cloud rejects service users', async t => {
  const { verdicts } = await examined(t, text =>
    text.replace(/(\[sp_sp1\][\s\S]*?)username = .*\npassword = .*\nproject_name = .*\n/, '$1'),
  )
  const login = verdicts.find(({ of }) => of === 'sp1 login')
  t.is(login?.verdict, 'warning')
  t.regex(login?.found ?? '', /not admitted/)
})

test('the doctor warns if a clock differs by minutes', async t => {
  const late = createServer((_, res) => {
    res.sendDate = false
    res.writeHead(200, { Date: new Date(Date.now() - 300_000).toUTCString() }).end('{}')
  })
  await once(late.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => late.close())
  const { port } = late.address() as AddressInfo
  const { verdicts } = await examined(t, text =>
    text.replace(/(\[sp_sp1\][\s\S]*?auth_url = ).*/, `$1http://127.0.0.1:${port}/v3`),
  )
  const clock = verdicts.find(({ of }) => of === 'sp1 clock')
  t.is(clock?.verdict, 'warning')
  t.regex(clock?.found ?? '', /(299|300|301) s behind/)
})

test('the Neutron of a cloud is checked if its networks can be extended', async t => {
  const neutron = createServer((_, res) =>
    res.end(JSON.stringify({ versions: [{ id: 'v2.0', status: 'CURRENT', links: [] }] })),
  )
  await once(neutron.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => neutron.close())
  const { port } = neutron.address() as AddressInfo
  const network = `enabled_services = image, network\nnetwork_endpoint = http://127.0.0.1:`
  const { verdicts } = await examined(t, text =>
    text
      .replace('[sp_default]\n', `[sp_default]\n${network}${port}\n`)
      .replace('[sp_sp1]\n', `[sp_sp1]\n${network}1\n`),
  )
  const networks = verdicts.filter(({ of }) => of.endsWith(' network'))
  t.deepEqual(
    networks.map(({ of, verdict }) => [of, verdict]),
    [
      ['default network', 'ok'],
      ['sp1 network', 'failed'],
    ],
  )
  t.regex(networks[0]?.found ?? '', /answers, v2\.0$/)
  t.regex(networks[1]?.found ?? '', /ECONNREFUSED/)
})
