import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A separate Debian in a folder. It shares only the kernel and the network with the host. */
export interface Debian {
  readonly root: string
  /**
   * Run a shell command as root in it, like RUN in a Dockerfile.
   *
   * @throws if it does not exit with 0, with the end of what it printed
   */
  run(
    command: string,
    place?: { cwd?: string; env?: Readonly<Record<string, string>> },
  ): Promise<string>
  remove(): Promise<void>
}

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const TEN_MINUTES_MS = 600_000

/**
 * The same as the image `node:24-bookworm-slim`: Debian 12 with Node 24 and npm in /usr/local. debootstrap
 * installs Debian; Node is the one that runs these tests, npm that of the host. It is built once for each
 * version of Node, and kept in the folder of the lab.
 */
export async function bareDebian(): Promise<Debian> {
  const home = process.env['LAB_HOME'] ?? '/var/tmp/mixmatch-lab'
  const base = join(home, `bare-debian-${process.version}`)
  if (!existsSync(base)) await makeBase(base)
  const root = await mkdtemp(join(tmpdir(), 'mixmatch-debian-'))
  await run('cp', ['-a', '--reflink=auto', `${base}/.`, root])
  return {
    root,
    async run(command, { cwd = '/', env = {} } = {}) {
      const words = Object.entries({ PATH, HOME: '/root', ...outside(), ...env }).map(pair =>
        pair.join('='),
      )
      const inside = ['env', '-i', ...words, 'sh', '-c', `cd '${cwd}' && ${command}`]
      const namespaces = ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${root}/proc`]
      try {
        const options = { timeout: TEN_MINUTES_MS, maxBuffer: 64 * 1024 * 1024 }
        return (await run('unshare', [...namespaces, 'chroot', root, ...inside], options)).stdout
      } catch (cause) {
        const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
        const end = `${stdout}\n${stderr}`.slice(-4000)
        throw new Error(`in a bare Debian: ${command}\n${end}`, { cause })
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

async function makeBase(base: string): Promise<void> {
  const making = `${base}.making`
  await rm(making, { recursive: true, force: true })
  await mkdir(dirname(base), { recursive: true })
  await run('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', making], {
    timeout: TEN_MINUTES_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  const local = join(making, 'usr/local')
  await cp(process.execPath, join(local, 'bin/node'))
  await cp(await npmFolder(), join(local, 'lib/node_modules/npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))
  // Builds in there need the network settings of the host.
  for (const file of ['etc/resolv.conf', 'etc/ssl/certs/ca-certificates.crt']) {
    await cp(join('/', file), join(making, file), { dereference: true })
  }
  await rename(making, base)
}

/** The npm that started the tests, or the first in PATH. The `node` package of npm does not contain one. */
async function npmFolder(): Promise<string> {
  const script =
    process.env['npm_execpath'] ?? (await run('sh', ['-c', 'command -v npm'])).stdout.trim()
  return dirname(dirname(await realpath(script)))
}

/** The environment variables for downloads of packages. An image gets the same ones. */
export function outside(): Record<string, string> {
  const named = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|proxy|https_proxy)|https?_proxy|no_proxy)$/i.test(name),
  )
  const passed = named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  return {
    ...Object.fromEntries(passed),
    NODE_EXTRA_CA_CERTS: bundle,
  }
}
