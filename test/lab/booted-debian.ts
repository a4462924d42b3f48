import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bareDebian, outside, PATH } from './bare-debian.js'
import { untilInLab } from './until-in-lab.js'

const run = promisify(execFile)
const TEN_MINUTES_MS = 600_000

/** A bare Debian with systemd, like a server. It shares only the kernel and the network with the host. */
export interface BootedDebian {
  readonly root: string
  /**
   * Run a shell script as root. It stops at the first command that fails.
   *
   * @throws if a command fails, with the end of the output
   */
  run(script: string): Promise<string>
  remove(): Promise<void>
}

/** The mounts that a container manager makes before it starts systemd as the first process. */
const MOUNTS = `
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 cgroups sys/fs/cgroup
mkdir sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd systemd sys/fs/cgroup/systemd
mount -t tmpfs -o mode=755 run run
mount -t tmpfs tmp tmp
mount -t tmpfs -o mode=755 dev dev
for name in null zero full random urandom tty; do
  touch dev/$name
  mount --bind /dev/$name dev/$name
done
mkdir dev/shm dev/pts old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx # without it no unit can have devices of its own
pivot_root . old
umount -l /old
exec env -i container=lab PATH=${PATH} /lib/systemd/systemd --system --unit=multi-user.target
`

export async function bootDebian(): Promise<BootedDebian> {
  const debian = await bareDebian()
  const { root } = debian
  await debian.run(
    'apt-get update -qq && apt-get install -qq -y --no-install-recommends systemd systemd-sysv',
  )
  await writeFile(join(root, 'boot.sh'), `set -e${MOUNTS}`)
  const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--cgroup', '--fork', '--kill-child']
  const machine = spawn('unshare', [...namespaces, 'bash', join(root, 'boot.sh'), root], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = once(machine, 'exit')
  let said = ''
  machine.stderr.on('data', (bytes: Buffer) => {
    said += bytes
  })

  async function enter(script: string): Promise<string> {
    if (machine.exitCode !== null) throw new Error(`systemd has ended: ${said}`)
    const first = (await run('pgrep', ['-P', String(machine.pid)])).stdout.trim()
    const into = [
      '--target',
      first,
      '--mount',
      '--pid',
      '--uts',
      '--ipc',
      '--cgroup',
      '--root',
      '--wd',
    ]
    const env = Object.entries({ PATH, HOME: '/root', ...outside() }).map(pair => pair.join('='))
    const shell = ['env', '-i', ...env, 'bash', '-ec', `cd /root\n${script}`]
    const options = { timeout: TEN_MINUTES_MS, maxBuffer: 64 * 1024 * 1024 }
    try {
      return (await run('nsenter', [...into, ...shell], options)).stdout
    } catch (cause) {
      const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
      throw new Error(`in Debian: ${script}\n${`${stdout}\n${stderr}`.slice(-4000)}`, { cause })
    }
  }

  await untilInLab('systemd has booted', async () =>
    /running|degraded/.test(await enter('systemctl is-system-running || true').catch(() => '')),
  )
  return {
    root,
    run: enter,
    async remove() {
      machine.kill('SIGKILL')
      await gone
      await debian.remove()
    },
  }
}
