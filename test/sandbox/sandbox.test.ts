import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { version } from '../../src/version.js'

/** Some twenty processes, one after the other, beside other tests. */
const PATIENCE_MS = 240_000

test.serial('every step of the demo succeeds, and it leaves nothing behind', async t => {
  t.timeout(PATIENCE_MS)
  const { child, temporary } = start(t, '--demo', '--bus', 'file')
  const [said, complained] = [text(child.stdout), text(child.stderr)]
  const [code] = await once(child, 'exit')
  const story = await said
  t.is(code, 0, `${story}\n${await complained}`)
  t.true(story.endsWith('\nEvery step held.\n'))
  t.regex(story, /answered by default/)
  t.regex(story, /answered by sp1/)
  t.false(story.includes('\u001b'), 'no colour in a pipe')
  t.deepEqual(
    readdirSync(temporary).filter(name => name.startsWith('mixmatch')),
    [],
  )
})

test.serial(
  'the sandbox prints commands to try, runs until interrupted, and keeps its files with --keep',
  async t => {
    t.timeout(PATIENCE_MS)
    const { child } = start(t, '--bus', 'file', '--keep')
    const complained = text(child.stderr)
    let said = ''
    child.stdout.setEncoding('utf8')
    for await (const chunk of child.stdout) {
      said += chunk
      if (said.includes('Ctrl-C')) child.kill('SIGINT')
    }
    t.is(child.exitCode ?? (await once(child, 'exit'))[0], 0, await complained)
    t.regex(said, /export OS_AUTH_URL=http:\/\/127\.0\.0\.1:\d+\/identity\/v3/)
    t.regex(said, /buses +files: as asked/)
    const shellFunction = /^ *(mixmatch\(\) .*)$/m.exec(said)?.[1] ?? ''
    t.is(
      runWithoutNode(`${shellFunction}; mixmatch --version`),
      `mixmatch ${version} (Node ${process.versions.node})\n`,
    )
    const directory = /All of it is in (\S+)\.\n$/.exec(await complained)?.[1] ?? ''
    for (const file of ['mixmatch.conf', 'mixmatch.log', 'events.db', 'sp1.ndjson'])
      t.true(existsSync(join(directory, file)), file)
  },
)

test.serial('an unknown kind of bus ends the sandbox with exit code 2', async t => {
  const { child } = start(t, '--bus', 'pigeons')
  const complained = text(child.stderr)
  const [code] = await once(child, 'exit')
  t.is(code, 2)
  t.regex(await complained, /Allowed choices are auto, file, rabbitmq/)
})

/** What a shell prints that finds no `node`: the user's own is often too old. */
function runWithoutNode(line: string): string {
  return execFileSync('/bin/sh', ['-c', line], { env: { PATH: '/nowhere' }, encoding: 'utf8' })
}

/** The real command, in a temporary directory of its own. */
function start(t: ExecutionContext, ...args: string[]) {
  const temporary = mkdtempSync(join(tmpdir(), 'mixmatch-test-'))
  const script = [resolve('sandbox/main.ts'), ...args]
  const child = spawn(process.execPath, ['--import=tsx', ...script], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    rmSync(temporary, { recursive: true, force: true })
  })
  return { child, temporary }
}
