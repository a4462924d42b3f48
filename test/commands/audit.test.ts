import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { openLog } from '../../src/log/open-log.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  disk,
  event,
  folder,
  image,
  millet,
} from '../controls.js'
import { mixmatch } from './run-command.js'

const sample = fileURLToPath(new URL('../../data/sample.ndjson.gz', import.meta.url))
const mixmatchModule = new URL('../../src/commands/program.ts', import.meta.url).href

function recorded(path: string): void {
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), created({ ...image, id: '=1+1' as never }, bob)], at(60))
  log.append([event({ serviceProvider: millet })], at(60))
}

test('the sample history has the properties that its README names', async t => {
  const path = folder(t)
  t.is((await mixmatch(path, 'log', 'import', sample, '--log', 'events.db')).code, 0)
  const audit = async (...args: string[]) => {
    const { code, out } = await mixmatch(
      path,
      'audit',
      ...args,
      '--log',
      'events.db',
      '--format',
      'json',
    )
    return {
      code,
      lines: out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    }
  }
  const summary = await audit('summary')
  t.true(summary.lines[0].events > 3000)
  const gap = summary.lines.find(({ section }) => section === 'gaps')
  t.like(gap, { service_provider: 'sp2' })
  t.regex(gap.from, /^2026-10-27/)

  const { lines } = await audit('anomalies', '--section', 'anomalies')
  t.deepEqual([...new Set(lines.slice(1).map(({ what }) => what))].sort(), [
    'claimed by two clouds',
    'clock',
    'deleted without having been created',
    'gone without a word',
    'owner changed without a transfer',
  ])
  const verdict = await audit('verify')
  t.is(verdict.code, 0)
  t.is(verdict.lines[0].events, summary.lines[0].events)
})

test('audit residency exits with 1 and evidence, with 0 without evidence, with 2 for wrong usage', async t => {
  const path = folder(t)
  recorded(path)
  const ask = (...args: string[]) =>
    mixmatch(path, 'audit', 'residency', ...args, '--log', 'events.db')
  const found = await ask('--project', alice, '--not-at', cornmeal)
  t.is(found.code, 1)
  t.true(found.out.includes(disk.id))
  t.is((await ask('--project', alice, '--not-at', millet)).code, 0)
  t.is((await ask('--project', alice)).code, 2)
  t.is((await ask('--project', alice, '--not-at', cornmeal, '--from', '12')).code, 2)
})

test('audits exit with 2 for an unknown project or cloud, and do not print an empty report', async t => {
  const path = folder(t)
  recorded(path)
  const ask = (...args: string[]) => mixmatch(path, 'audit', ...args, '--log', 'events.db')
  const residency = await ask('residency', '--project', 'nobody', '--not-at', cornmeal)
  t.is(residency.code, 2)
  t.regex(residency.err, /^mixmatch: --project nobody: the log has never heard of this project/)
  const placement = await ask('placement', '--sp', 'nowhere', '--project', alice)
  t.is(placement.code, 2)
  t.regex(placement.err, /^mixmatch: --sp nowhere: expected one of the clouds .*cornmeal/)
})

test('audit anomalies and audit drift exit with 1 if they found something, and with 0 if not', async t => {
  const path = folder(t)
  recorded(path)
  const audit = (report: string) => mixmatch(path, 'audit', report, '--log', 'events.db')
  t.is((await audit('anomalies')).code, 0)
  t.is((await audit('drift')).code, 0)
  const drifted = {
    ...created(disk, bob, { serviceProvider: millet }),
    source: 'reconcile',
  } as const
  {
    using log = openLog(join(path, 'events.db'))
    log.append([drifted], at(70))
  }
  t.is((await audit('anomalies')).code, 1) // two clouds claim the volume
  t.is((await audit('drift')).code, 1)
})

test('a report says when, by which version, from which files and with which check of the chain it was made', async t => {
  const path = folder(t)
  recorded(path)
  const file = join(path, 'events.db')
  const audit = async (...args: string[]) => {
    const { out } = await mixmatch(path, 'audit', ...args, '--log', 'events.db', '-f', 'json')
    return out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  }
  const [plain, ...lines] = await audit('drift')
  t.like(plain, { version: 'mixmatch 0.1.0', time_zone: 'UTC', chain: 'not verified', events: 3 })
  t.regex(plain.made_at, /^20\d\d-\d\d-\d\dT/)
  t.regex(
    plain.conclusion,
    /^No cloud was ever reconciled.*, according to 3 events recorded from 20.* until 20.* UTC, with these limits: .*; the chain of hashes was not verified\.$/,
  )
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  t.deepEqual(
    lines.find(({ section }) => section === 'files'),
    { section: 'files', file, bytes: statSync(file).size, sha256 },
  )
  const [verified] = await audit('summary', '--verify')
  t.is(verified.chain, 'verified: it holds, no noted head given')
  t.regex(verified.conclusion, /without a noted head, an end that was cut off cannot be seen\.$/)
  const [against] = await audit('summary', '--head', verified.head)
  t.is(against.chain, 'verified: it holds, contains the noted head at position 3')
})

test('audit --names prints the names of projects beside their ids, also in charts', async t => {
  const path = folder(t)
  recorded(path)
  const list = JSON.stringify([
    { ID: alice, Name: 'research' },
    { ID: bob, Name: '<b>teaching</b>' },
  ])
  writeFileSync(join(path, 'projects.json'), list)
  const audit = (...args: string[]) =>
    mixmatch(path, 'audit', ...args, '--log', 'events.db', '--names', 'projects.json')
  const { out } = await audit('placement', '-f', 'csv', '-c', 'id', '-c', 'project_name')
  t.true(out.includes(`${disk.id},research\r\n`))
  const residency = await audit('residency', '--project', alice, '--not-at', cornmeal)
  t.true(residency.out.includes(`1 time something of research (${alice}) was at cornmeal`))
  const page = await audit('summary', '-f', 'html')
  t.regex(page.out, /<title>research \(a11ce[0-9a-f]+\) at cornmeal: 1<\/title>/)
  t.notRegex(page.out, /<b>/)

  writeFileSync(join(path, 'projects.json'), `{"projects":[{"id":"${alice}","name":"study"}]}`)
  t.regex((await audit('placement')).out, /study/)
  writeFileSync(join(path, 'projects.json'), '{"project":1}')
  const wrong = await audit('placement')
  t.is(wrong.code, 2)
  t.regex(wrong.err, /projects\.json: expected the output of "openstack project list -f json"/)
  rmSync(join(path, 'projects.json'))
  t.is((await audit('placement')).code, 1)
})

test('audit prints the conclusion on standard error for formats that have only rows', async t => {
  const path = folder(t)
  recorded(path)
  const { out, err } = await mixmatch(path, 'audit', 'drift', '--log', 'events.db', '-f', 'csv')
  t.is(out, '')
  t.regex(err, /^mixmatch: No cloud was ever reconciled.*\n$/)
})

test('audit verify exits with 1 if a noted head is not in the log', async t => {
  const path = folder(t)
  recorded(path)
  const verify = (head: string) =>
    mixmatch(path, 'audit', 'verify', '--log', 'events.db', '--head', head)
  using log = openLog(join(path, 'events.db'))
  t.is((await verify(log.head().hash)).code, 0)
  t.is((await verify('ab'.repeat(32))).code, 1)
  const short = await verify('abc')
  t.is(short.code, 2)
  t.regex(short.err, /'abc' is invalid.*64 hexadecimal digits/)
})

test('CSV of an audit has one section, and no formulas for a spreadsheet', async t => {
  const path = folder(t)
  recorded(path)
  const { out } = await mixmatch(
    path,
    'audit',
    'placement',
    '--log',
    'events.db',
    '--format',
    'csv',
  )
  const lines = out.split('\r\n')
  t.is(lines[0], 'service_provider,type,id,name,project,from,to,from_position,to_position')
  t.true(lines.some(line => line.includes(",'=1+1,")))
  t.is(lines.length, 4)
})

test('an HTML report loads nothing, and shows any name as text', async t => {
  const path = folder(t)
  {
    using log = openLog(join(path, 'events.db'))
    const cloud = '<img src=x onerror=alert(1)>' as never
    log.append([created(disk, alice, { serviceProvider: cloud })], at(60))
  }
  for (const report of ['summary', 'placement', 'anomalies', 'verify']) {
    const { code, out } = await mixmatch(
      path,
      'audit',
      report,
      '--log',
      'events.db',
      '--format',
      'html',
    )
    t.is(code, 0)
    t.regex(out, /^<!doctype html>/)
    t.regex(out, /default-src 'none'/)
    t.notRegex(out, /<img|<script|https?:|@import|url\((?!#)/)
  }
})

test('a page of a report links only to sections that it shows', async t => {
  const path = folder(t)
  await mixmatch(path, 'log', 'import', sample, '--log', 'events.db')
  const linksOf = async (...args: string[]) => {
    const { out } = await mixmatch(path, 'audit', ...args, '--log', 'events.db', '-f', 'html')
    const shown = [...out.matchAll(/<section id="(\w+)"/g)].map(([, name]) => name)
    const links = [...out.matchAll(/href="#(\w+)"/g)].map(([, name]) => name)
    return { links: links.length, broken: links.filter(name => !shown.includes(name)) }
  }
  const whole = await linksOf('summary')
  t.true(whole.links > 10)
  t.deepEqual(whole.broken, [])
  t.deepEqual(await linksOf('summary', '--section', 'silences'), { links: 1, broken: [] })
})

test('a log in a read-only folder can be audited, and stays unchanged', t => {
  const path = folder(t)
  recorded(path)
  const medium = join(path, 'medium')
  mkdirSync(medium)
  copyFileSync(join(path, 'events.db'), join(medium, 'events.db'))
  const before = readFileSync(join(medium, 'events.db'))
  chmodSync(path, 0o755)
  chmodSync(join(medium, 'events.db'), 0o444)
  chmodSync(medium, 0o555)
  t.teardown(() => chmodSync(medium, 0o755))
  const processContext = `{ env: {}, cwd: ${JSON.stringify(path)}, mainScript: 'mixmatch', stdout, stderr }`
  const program = `
    import { runMixmatch } from ${JSON.stringify(mixmatchModule)}
    const { stdout, stderr } = process
    if (process.getuid?.() === 0) process.setegid(65534), process.seteuid(65534) // root may write anywhere
    process.exitCode = await runMixmatch(['audit', 'placement', '--log', 'medium/events.db'], ${processContext})`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import=tsx', '--input-type=module', '-e', program],
    { encoding: 'utf8', env: { ...process.env, TMPDIR: '/tmp' } },
  )
  t.is(status, 0, stderr)
  t.true(stdout.includes(disk.id))
  t.deepEqual(readdirSync(medium), ['events.db'])
  t.deepEqual(readFileSync(join(medium, 'events.db')), before)
})
