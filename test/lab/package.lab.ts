import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import anyTest, { type TestFn } from 'ava'

const run = promisify(execFile)
const test = anyTest as TestFn<{ folder: string; tarball: string; files: readonly string[] }>
const source = fileURLToPath(new URL('../..', import.meta.url))
const recorded = fileURLToPath(new URL('../fixtures/notifications/default.ndjson', import.meta.url))
const QUARTER_HOUR_MS = 900_000

test.before('npm packs a clone, as for a release', async t => {
  t.timeout(QUARTER_HOUR_MS)
  const folder = await mkdtemp(join(tmpdir(), 'mixmatch-package-'))
  t.context = { folder, tarball: '', files: [] }
  const clone = join(folder, 'clone')
  await run('git', ['clone', '--quiet', '--shared', source, clone])
  await run('ln', ['-s', join(source, 'node_modules'), join(clone, 'node_modules')])
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--silent', '--pack-destination', folder],
    {
      cwd: clone,
      maxBuffer: 16 * 1024 * 1024,
    },
  )
  const [made] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  t.context.tarball = join(folder, basename(made.filename))
  t.context.files = made.files.map(({ path }: { path: string }) => path)
})
test.after.always(t => rm(t.context.folder, { recursive: true, force: true }))

test.serial(
  'the package contains only the built program and the documentation for operators',
  t => {
    const { files } = t.context
    const expected =
      /^(dist\/.*\.js|docs\/[\w-]+\.md|etc\/.+|httpd\/.+|[A-Z]+(\.md)?|package\.json)$/
    t.deepEqual(
      files.filter(file => !expected.test(file)),
      [],
    )
    for (const file of ['dist/main.js', 'etc/mixmatch.conf.sample', 'httpd/nginx.conf', 'LICENSE'])
      t.true(files.includes(file), file)
  },
)

test.serial('the command of the installed package works', async t => {
  t.timeout(QUARTER_HOUR_MS)
  const { folder, tarball } = t.context
  const prefix = join(folder, 'prefix')
  await run('npm', ['install', '--global', '--ignore-scripts', '--prefix', prefix, tarball], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  })
  const log = join(folder, 'events.db')
  const mixmatch = async (...args: readonly string[]) =>
    (await run(join(prefix, 'bin/mixmatch'), args, { cwd: folder })).stdout

  await mixmatch('log', 'import', recorded, '--log', log)
  t.regex(await mixmatch('log', 'head', '--log', log), /^171 [0-9a-f]{64}\n$/)
  const listed = await run('npm', ['ls', '--global', '--prefix', prefix, '--all', '--parseable'])
  t.notRegex(listed.stdout, /node_modules\/(ava|typescript|tsx)$/m)
})
