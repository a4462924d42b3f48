import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openLog } from '../../src/log/open-log.js'
import { mixmatch } from '../commands/run-command.js'
import { alice, at, created, disk, folder } from '../controls.js'
import { startTimestampAuthority } from './timestamp-authority.js'

/** A folder with a log of one event. */
function recorded(t: ExecutionContext): string {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice)], at(60))
  return path
}

test('an anchor with a time stamp is verified against its authority, and rejected against another one', async t => {
  const path = recorded(t)
  const authority = await startTimestampAuthority(t)
  const anchor = ['log', 'anchor', '--log', 'events.db', '--file', 'anchors.ndjson']
  const made = await mixmatch(path, ...anchor, '--tsa', authority.url)
  t.is(made.code, 0, made.err)

  const verify = (authorities: string) =>
    mixmatch(
      path,
      ...['audit', 'verify', '--log', 'events.db', '--anchors', 'anchors.ndjson'],
      ...['--tsa-ca', authorities, '--format', 'json', '--section', 'anchors'],
    )
  const good = await verify(authority.authorities)
  t.is(good.code, 0, good.out)
  t.regex(good.out, /"result":"holds".*"stamped":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"/)
  const bad = await verify(authority.strangers)
  t.is(bad.code, 1)
  t.regex(bad.out, /"result":"wrong_timestamp","says":"[^"]*certificate/i)
})

test('an anchor in a Git repository is a commit of that file, and is pushed if asked', async t => {
  const path = recorded(t)
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: join(path, 'witness'), encoding: 'utf8' })
  mkdirSync(join(path, 'witness'))
  execFileSync('git', ['init', '--quiet', '--bare', join(path, 'remote.git')])
  git('init', '--quiet', '--initial-branch', 'main')
  git('config', 'user.name', 'Mixmatch')
  git('config', 'user.email', 'mixmatch@example.com')
  git('remote', 'add', 'origin', join(path, 'remote.git'))
  const anchor = (...args: string[]) =>
    mixmatch(path, 'log', 'anchor', '--log', 'events.db', '--git', 'witness', ...args)
  t.is((await anchor()).code, 0)
  const refused = await anchor('--push')
  t.is(refused.code, 1)
  t.regex(refused.err, /^mixmatch: .*witness: git push: fatal: .*upstream/)
  git('push', '--quiet', '--set-upstream', 'origin', 'main')
  t.is((await anchor('--push')).code, 0)
  t.regex(git('log', '--format=%s', 'origin/main'), /^(Anchor 1 [0-9a-f]{16}\n){3}$/)
  t.is(readFileSync(join(path, 'witness/anchors.ndjson'), 'utf8').split('\n').length, 4)
})
