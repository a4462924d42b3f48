import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { BusProbe } from '../../src/bus/amqp/bus-probe.js'
import { checkCatalog } from '../../src/doctor/catalog-endpoint.js'
import { checkFederation } from '../../src/doctor/federation-entry.js'
import type { CheckVerdict } from '../../src/doctor/finding.js'
import { checkLog } from '../../src/doctor/log-health.js'
import { judgeBus } from '../../src/doctor/message-bus.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { at, event, folder } from '../controls.js'

const queue = 'mixmatch.sp1.notifications'
const broker = (seen: Partial<Extract<BusProbe, { kind: 'rabbit' }>>): BusProbe => ({
  kind: 'rabbit',
  host: 'rabbit.sp1:5672',
  exchanges: ['glance', 'openstack'],
  queue: { messages: 3, consumers: 1 },
  ...seen,
})

const buses: [what: string, probe: BusProbe, verdict: CheckVerdict, found: RegExp][] = [
  ['one with a recorder is well', broker({}), 'ok', /3 messages wait/],
  [
    'one without a recorder fills up',
    broker({ queue: { messages: 9, consumers: 0 } }),
    'warning',
    /9 messages wait.*mixmatch serve/,
  ],
  [
    'one with two recorders halves what each hears',
    broker({ queue: { messages: 0, consumers: 2 } }),
    'failed',
    /2 consume.*queue_name/,
  ],
  ['one without our queue keeps nothing', broker({ queue: null }), 'warning', /does not exist/],
  ['one without exchanges is silent', broker({ exchanges: [] }), 'warning', /messagingv2/],
  [
    'one that cannot be reached has failed',
    { kind: 'unreachable', reason: 'rabbit.sp1:5672: connect ECONNREFUSED' },
    'failed',
    /ECONNREFUSED.*messagebus/,
  ],
  ['a file may come later', { kind: 'file', path: '/x.ndjson', exists: false }, 'warning', /yet/],
]
for (const [what, probe, verdict, found] of buses) {
  test(`the bus check: ${what}`, t => {
    const result = judgeBus(probe, queue, false)
    t.is(result.verdict, verdict)
    t.regex(result.found, found)
  })
}

const wanted = { spName: 'sp1', isAllowed: (url: string) => url.startsWith('https://sp1.example/') }
const known = {
  id: 'sp1',
  spUrl: 'https://sp1.example/Shibboleth.sso/SAML2/ECP',
  authUrl: 'https://sp1.example/v3/OS-FEDERATION/identity_providers/default/protocols/saml2/auth',
}

test('the federation check is ok for a service provider that Keystone knows by its name', t => {
  t.is(checkFederation(wanted, [known]).verdict, 'ok')
})

test('the federation check lists the known service providers if one is unknown', t => {
  const result = checkFederation(wanted, [{ ...known, id: 'sp2' }])
  t.is(result.verdict, 'failed')
  t.regex(result.found, /no enabled service provider "sp1".*knows: sp2/)
})

test('the federation check names a host that is not allowed', t => {
  const result = checkFederation(wanted, [{ ...known, spUrl: 'https://other.example/ECP' }])
  t.is(result.verdict, 'failed')
  t.regex(result.found, /https:\/\/other\.example\/ECP.*allowed_hosts/)
})

const glance = (url: string) => [
  { type: 'image', endpoints: [{ interface: 'public', region: 'RegionOne', url }] },
]

test('the catalog check warns if the endpoint is the service itself instead of Mixmatch', t => {
  const endpoint = 'http://glance:9292'
  t.is(checkCatalog(glance('http://glance:9292/'), 'image', endpoint).verdict, 'warning')
  t.is(checkCatalog(glance('https://cloud/image'), 'image', endpoint).verdict, 'ok')
  t.regex(checkCatalog([], 'image', endpoint).found, /no public endpoint/)
})

test('the check of the log fails if the log was lost, and not if it does not exist yet', t => {
  const file = join(folder(t), 'events.db')
  t.is(checkLog(file).verdict, 'ok')
  {
    using log = openLog(file)
    log.append([event()], at(1))
    openViews(viewsFileOf(file), [file]).views[Symbol.dispose]()
  }
  rmSync(file)
  const { verdict, found } = checkLog(file)
  t.is(verdict, 'failed')
  t.regex(found, /--new-log/)
})
