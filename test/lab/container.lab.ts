import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { buildImage, type Image } from './image.js'
import { untilInLab } from './until-in-lab.js'

const run = promisify(execFile)
const test = anyTest as TestFn<{ image: Image }>
const QUARTER_HOUR_MS = 900_000
const UID = 42424

test.before('the image is built', async t => {
  t.timeout(QUARTER_HOUR_MS)
  t.context.image = await buildImage()
})
test.after.always(t => t.context.image?.remove())

test.serial('a linter finds nothing wrong with the Dockerfile', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'mixmatch-linter-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await run('npm', ['install', '--no-save', '--prefix', folder, 'dockerfilelint@1.8.0'])
  const linter = join(folder, 'node_modules/.bin/dockerfilelint')
  await t.notThrowsAsync(run(linter, [fileURLToPath(new URL('../../Dockerfile', import.meta.url))]))
})

test.serial('the image contains the built program, and neither sources nor compilers', async t => {
  const { debian } = t.context.image
  const found = await debian.run('cd /opt/mixmatch && ls && ls node_modules')
  t.notRegex(found, /^(src|typescript|ava|tsx|@biomejs)$/m)
  const { stdout } = await run('du', ['-sm', join(debian.root, 'opt/mixmatch')])
  t.log(`/opt/mixmatch: ${stdout.split('\t')[0]} MB`)
  t.true(Number.parseInt(stdout, 10) < 30)
  await t.throwsAsync(debian.run('command -v g++'))
})

test.serial(
  'the image exposes 5001 and 9914, runs as a fixed user and keeps its data in a volume',
  t => {
    const { ports, user, volumes } = t.context.image
    t.deepEqual(ports, ['5001', '9914'])
    t.is(user, `${UID}:${UID}`)
    t.deepEqual(volumes, ['/var/lib/mixmatch'])
  },
)

test.serial(
  'a container with a read-only root becomes healthy, records, and stops on SIGTERM',
  async t => {
    const container = await start(t, t.context.image)
    await untilInLab('the container is healthy', () => container.healthy())

    t.is(await container.uid(), UID)
    await t.throwsAsync(container.exec('touch /opt/mixmatch/here'), { message: /Read-only/ })
    await container.notify()
    await untilInLab('its log has the notification', async () =>
      (await container.exec('mixmatch log info --format json')).includes('"default"'),
    )
    t.is(await container.stop(), 0, 'the exit code after SIGTERM')
  },
)

test.serial('a container that cannot start says why and exits with 2', async t => {
  const container = await start(t, t.context.image, '[DEFAULT]\nport = here\n')
  t.is(await container.gone(), 2)
  t.regex(await container.log(), /\[DEFAULT\] port: expected a port/)
})

const CONF = `
[DEFAULT]
service_providers = default
host = 127.0.0.1
[auth]
auth_url = http://127.0.0.1:5000/v3
[sp_default]
messagebus = file:///var/lib/mixmatch/bus.ndjson
image_endpoint = http://127.0.0.1:9292
volume_endpoint = http://127.0.0.1:8776
`

/** Run the image as a container engine does: with its own PID 1, its own network and a read-only root. */
async function start(t: ExecutionContext, image: Image, conf = CONF) {
  const folder = await mkdtemp(join(tmpdir(), 'mixmatch-container-'))
  const [data, file, log] = [join(folder, 'data'), join(folder, 'conf'), join(folder, 'log')]
  await mkdir(data)
  await chown(data, UID, UID)
  await writeFile(file, conf)
  await writeFile(join(data, 'bus.ndjson'), '')
  const { root } = image.debian
  await writeFile(join(root, 'etc/mixmatch/mixmatch.conf'), '') // the configuration file is mounted here

  const mounts = [
    'ip link set lo up',
    'mount --make-rprivate /',
    `mount --bind ${root} ${root}`,
    `mount -o remount,bind,ro ${root}`,
    `mount -t proc proc ${root}/proc`,
    `mount -t tmpfs tmpfs ${root}/tmp`,
    `mount --bind ${data} ${root}/var/lib/mixmatch`,
    `mount --bind -o ro ${file} ${root}/etc/mixmatch/mixmatch.conf`,
  ]
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...image.env }
  const words = ['env', '-i', ...Object.entries(env).map(pair => pair.join('='))]
  const inside = ['chroot', `--userspec=${image.user}`, root, ...words, 'sh', '-c']
  const shell = (command: string) => [...inside, `cd ${image.directory} && ${command}`]
  const entry = shell('exec "$0" "$@"')
  const script = `${mounts.join(' && ')} && exec "$0" "$@"`
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child']
  const child = spawn('unshare', [...namespaces, 'sh', '-c', script, ...entry, ...image.command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => appendFile(log, bytes))
  }
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  })

  /** PID 1 of the container, as a PID of the host. */
  const first = async () => (await run('pgrep', ['-P', String(child.pid)])).stdout.trim()
  const entered = async (command: readonly string[]) => {
    const target = ['--target', await first(), '--mount', '--pid', '--net']
    return (await run('nsenter', [...target, ...command])).stdout
  }
  const gone = async () => (await exited)[0] as number | null
  return {
    exec: (command: string) => entered(shell(command)),
    healthy: () =>
      entered([...inside, 'exec "$0" "$@"', ...image.healthcheck]).then(
        () => true,
        () => false,
      ),
    async uid() {
      const status = await readFile(`/proc/${await first()}/status`, 'utf8')
      return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])
    },
    async notify() {
      const recorded = new URL('../fixtures/notifications/default.ndjson', import.meta.url)
      await appendFile(join(data, 'bus.ndjson'), await readFile(recorded))
    },
    log: () => readFile(log, 'utf8'),
    gone,
    async stop() {
      process.kill(Number(await first()), 'SIGTERM')
      return gone()
    },
  }
}
