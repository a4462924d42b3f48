import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, promisify } from 'node:util'
import anyTest, { type TestFn } from 'ava'
import { type BootedDebian, bootDebian } from './booted-debian.js'
import { type Cloud, lab, labCommand, openstack, openstackJson, place } from './clients.js'
import { readGuide } from './guide.js'
import { untilInLab } from './until-in-lab.js'

// These tests run the operator's guide: they read all its commands and run them, except for those that
// `elsewhere` lists with a reason.

const run = promisify(execFile)
const test = anyTest as TestFn<{ debian: BootedDebian; folder: string; tarball: string }>
const source = fileURLToPath(new URL('../..', import.meta.url))
const HALF_HOUR_MS = 1_800_000
/** The first commit that runs on Node 24. When it cannot be compiled any more, use a later one. */
const EARLIER = 'bc2094624ae744bd4b09201023c85f6db96face2'
const guide = readGuide()
const tried = new Set<string>()

/** Commands that are not run here, and why. */
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/^keystone-manage saml_idp_metadata/, 'the lab ran it before its Keystone began'],
  [/^openstack service provider create/, 'the lab has sp1, as test/lab/py/seed.py made it'],
  [/^openstack identity provider create/, 'sp1 knows default, as seed.py told it'],
  [/^openstack group create demo/, 'the group is there, and so is what its role is on'],
  [/VOLUMEV2_ENDPOINT/, 'Cinder of Debian 12 has no v2, so no catalog names one'],
]

/** The example values of the guide, and the values of the lab. */
const fitted: readonly (readonly [RegExp, string])[] = [
  [/https:\/\/cloud\.example\.org\/resource/g, 'http://127.0.0.1:5001'],
  [/https:\/\/keystone\.example\.org\/v3/g, 'http://127.0.0.1:5000/v3'],
  [/https:\/\/keystone\.sp1\.example\.org\/v3/g, 'http://127.0.0.2:5000/v3'],
  [/rabbit\.example\.org/g, '127.0.0.1'],
  [/rabbit\.sp1\.example\.org:5671\/\?ssl=1/g, '127.0.0.2:5672/'],
  [/(glance|cinder)\.example\.org/g, '127.0.0.1'],
  [/SECRET/g, 'lab-mixmatch'],
  // Nobody can answer a prompt in a test.
  [/--password-prompt/g, '--password lab-mixmatch'],
  [/apt-get install/g, 'apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y'],
]

function asInTheLab(example: string): string {
  return fitted.reduce((text, [pattern, value]) => text.replace(pattern, value), example)
}

/** The blocks of commands in a section that contain this pattern. */
function commands(section: number, having: RegExp): readonly string[] {
  const pieces = (guide.get(section) ?? []).filter(({ kind, text }) => {
    return kind === 'commands' && having.test(text) && !elsewhere.some(([not]) => not.test(text))
  })
  if (pieces.length === 0) throw new Error(`section ${section} has no such commands: ${having}`)
  for (const { text } of pieces) tried.add(text)
  return pieces.map(({ text }) => asInTheLab(text))
}

/**
 * Run `npm pack` for a commit, with the current compiler and libraries.
 *
 * @throws if the commit is not in this clone
 */
async function pack(commit: string, folder: string): Promise<string> {
  const clone = join(folder, commit)
  await run('git', ['clone', '--quiet', '--shared', '--no-checkout', source, clone])
  const checkout = ['checkout', '--quiet', '--detach', commit]
  await run('git', checkout, { cwd: clone }).catch(cause => {
    const message = `a package is made of commit ${commit}, which this clone lacks: git fetch --unshallow`
    throw new Error(message, { cause })
  })
  await run('ln', ['-s', join(source, 'node_modules'), join(clone, 'node_modules')])
  await run('npm', ['pack', '--silent', '--pack-destination', clone], { cwd: clone })
  return join(clone, 'mixmatch-0.1.0.tgz')
}

/** Run a script of an operator, with the credentials of a user at a cloud. */
async function at(cloud: Cloud, user: string, script: string): Promise<string> {
  const who = await lab('env', cloud, user)
  const bash = `set -e\n${who}\nrabbitmqctl() { '${labCommand}' rabbitmqctl ${cloud} "$@"; }\n${script}`
  const running = run('bash', ['-c', bash], { timeout: 300_000 })
  running.child.stdin?.end() // `openstack image create` would read an image from it
  return (await running).stdout
}

/** Run as the user of the service, in a folder that it may read: the earlier version fails in any other. */
const runMixmatch = (debian: BootedDebian, command: string) =>
  debian.run(`cd /\nrunuser -u mixmatch -- mixmatch ${command}`)

/** Wait until a resource is in the log, and return the output of `locate` for it. */
async function located(debian: BootedDebian, id: string): Promise<string> {
  let said = ''
  await untilInLab(`${id} is in the log`, async () => {
    said = await runMixmatch(debian, `locate ${id} || true`)
    return said !== ''
  })
  return said
}

test.before('a bare Debian with the package boots', async t => {
  t.timeout(HALF_HOUR_MS)
  const folder = await mkdtemp(join(tmpdir(), 'mixmatch-installed-'))
  const earlier = await pack(EARLIER, folder)
  const tarball = await pack('HEAD', folder)
  const debian = await bootDebian()
  t.context = { folder, tarball, debian }
  await copyFile(tarball, join(debian.root, 'root/mixmatch-0.1.0.tgz'))
  await copyFile(earlier, join(debian.root, 'root/earlier.tgz'))
})
test.after.always(async t => {
  await t.context.debian?.remove()
  await lab('endpoints', 'direct')
  await at('default', 'admin', 'openstack user delete mixmatch-reconcile || true')
  await at('sp1', 'admin', 'openstack user delete mixmatch || true')
  for (const cloud of ['default', 'sp1'] as const) {
    // The next installation would record the messages that are still in a queue.
    await at(cloud, 'admin', `rabbitmqctl delete_queue mixmatch.${cloud}.notifications || true`)
    await at(cloud, 'admin', 'rabbitmqctl clear_policy notifications || true')
  }
  if (t.context.folder) await rm(t.context.folder, { recursive: true, force: true })
})

test.serial('1: the package installs, with its unit and its user', async t => {
  t.timeout(HALF_HOUR_MS)
  const { debian } = t.context
  for (const script of commands(1, /./)) await debian.run(script)
  t.regex(await debian.run('id mixmatch'), /uid=\d+\(mixmatch\)/)
  t.is(await debian.run('stat -c %U:%G:%a /etc/mixmatch/mixmatch.conf'), 'root:mixmatch:640\n')
  const listed = await debian.run('npm ls --global --all --parseable')
  t.notRegex(listed, /node_modules\/(ava|typescript|tsx)$/m)
})

test.serial('2 and 3: Mixmatch has a user at both clouds, created as in the guide', async t => {
  await at('default', 'admin', 'openstack user delete mixmatch')
  for (const script of commands(2, /user create/)) await at('default', 'admin', script)
  for (const script of commands(3, /user create/)) await at('sp1', 'admin', script)
  for (const script of commands(3, /volume list/)) await at('default', 'demo', script)
  t.regex(await at('sp1', 'mixmatch', 'openstack token issue'), /expires/)
})

test.serial('4: Mixmatch has a user with the least permissions at both brokers', async t => {
  for (const cloud of ['default', 'sp1'] as const) {
    await at(cloud, 'admin', 'rabbitmqctl delete_user mixmatch')
    for (const script of commands(4, /rabbitmqctl/)) await at(cloud, 'admin', script)
    const users = await lab('rabbitmqctl', cloud, 'list_users')
    t.regex(users, /^mixmatch\s+\[\]$/m, 'without a tag')
  }
})

test.serial(
  '5: Mixmatch is configured, started by systemd, and knows the resources that existed before',
  async t => {
    const { debian } = t.context
    const before = String((await openstackJson('image', 'create', 'from before'))['id'])
    const settings = (guide.get(5) ?? []).filter(({ kind }) => kind === 'settings')
    const conf = settings.map(({ text }) => asInTheLab(text)).join('\n')
    await writeFile(join(debian.root, 'etc/mixmatch/mixmatch.conf'), conf)
    for (const script of commands(5, /./)) await debian.run(script)
    t.is(await debian.run('systemctl show mixmatch -p ActiveState --value'), 'active\n')
    t.is(await debian.run('systemctl show mixmatch -p NRestarts --value'), '0\n')
    t.regex(await debian.run('systemctl show mixmatch -p StatusText --value'), /recording/)
    const owner = 'stat -c %U "/proc/$(systemctl show mixmatch -p MainPID --value)"'
    t.is(await debian.run(owner), 'mixmatch\n')
    t.regex(await debian.run(`runuser -u mixmatch -- mixmatch locate ${before}`), /default/)
  },
)

test.serial(
  '6: the catalog names Mixmatch, the doctor finds nothing, and clients work',
  async t => {
    const { debian } = t.context
    const listed = await at(
      'default',
      'admin',
      'openstack endpoint list --interface public -f json',
    )
    const endpoints: { ID: string; 'Service Type': string }[] = JSON.parse(listed)
    const idOf = (type: string) => endpoints.find(each => each['Service Type'] === type)?.ID ?? type
    for (const script of commands(6, /openstack endpoint set/)) {
      const named = script.replace(/([A-Z]+\w*)_ENDPOINT/g, (_, name: string) =>
        idOf(name.toLowerCase().replace('_', '-')),
      )
      await at('default', 'admin', named)
    }
    for (const script of commands(6, /doctor/)) {
      const found = await debian.run(script)
      t.log(found)
      t.notRegex(found, /warning|failed/)
    }

    const { id } = await openstackJson('image', 'create', 'by the guide')
    const far = await place('sp1', 'image', 'far away', t.context.tarball)
    t.is((await openstackJson('image', 'show', String(id)))['name'], 'by the guide')
    t.is((await openstackJson('image', 'show', far))['name'], 'far away')
    t.regex(await openstack('image', 'list'), /by the guide/)
    const volume = await openstackJson('volume', 'create', '--size', '1', 'by the guide')
    t.regex(await openstack('volume', 'list'), new RegExp(String(volume['id'])))
    const where = await debian.run(`runuser -u mixmatch -- mixmatch locate ${far}`)
    t.regex(where, /sp1/)
  },
)

test.serial('8: a reload is applied, and both ports report health', async t => {
  const { debian } = t.context
  await debian.run("sed -i '/^.DEFAULT.$/a debug = true' /etc/mixmatch/mixmatch.conf")
  await debian.run('systemctl reload mixmatch')
  await untilInLab('the journal has the change', async () =>
    /"option":"debug"/.test(await debian.run('journalctl -u mixmatch -o cat')),
  )
  for (const port of [5001, 9914]) {
    t.is(await (await fetch(`http://127.0.0.1:${port}/healthcheck`)).text(), 'OK')
  }
  const allWell = { ready: true, missing: [], degraded: [] }
  await untilInLab('nothing is missing and both buses are connected again', async () => {
    const answer = await (await fetch('http://127.0.0.1:9914/ready')).json()
    return isDeepStrictEqual(answer, allWell)
  })
})

test.serial(
  '9: a log that was backed up during recording, destroyed and restored is complete',
  async t => {
    const { debian } = t.context
    await debian.run('install -d -o mixmatch /backup')
    const [backup = '', restore = ''] = commands(9, /./)
    await debian.run(backup)
    const after = await place('sp1', 'image', 'after the backup', t.context.tarball)
    t.regex(await located(debian, after), /sp1/)
    await debian.run('systemctl kill --signal=KILL mixmatch; systemctl stop mixmatch')
    await debian.run('rm -r /var/lib/mixmatch/*')
    const make = "openstack image create --public -f value -c id 'while nobody listened'"
    const meanwhile = (await at('sp1', 'admin', make)).trim()
    await debian.run(restore)
    t.regex(await located(debian, after), /sp1/)
    t.regex(await located(debian, meanwhile), /sp1/)
    t.is((await openstackJson('image', 'show', meanwhile))['name'], 'while nobody listened')
    await at('sp1', 'admin', `openstack image delete ${meanwhile}`)
  },
)

test.serial('10: an upgrade keeps the events of the earlier version', async t => {
  t.timeout(HALF_HOUR_MS)
  const { debian, tarball } = t.context
  const mixmatch = (command: string) => runMixmatch(debian, command)
  await debian.run(`systemctl stop mixmatch
rm -r /var/lib/mixmatch/*
npm install --global --ignore-scripts earlier.tgz
mv mixmatch-0.1.0.tgz /
cd "$(npm root --global)/mixmatch/etc"
install --mode 644 systemd/mixmatch.service /etc/systemd/system/mixmatch.service
systemctl daemon-reload
systemctl start mixmatch`)
  t.notRegex(await debian.run('mixmatch --help'), /--config-dir/, 'it is an earlier one')
  const near = String((await openstackJson('image', 'create', 'near, before'))['id'])
  const far = await place('sp1', 'image', 'far away, before', tarball)
  for (const id of [near, far]) await located(debian, id)
  const [position = '', hash = ''] = (await mixmatch('log head')).trim().split(' ')
  const recorded = async () => (await mixmatch('log export')).split('\n').slice(0, Number(position))
  const before = await recorded()

  for (const script of commands(10, /./)) {
    t.log(await debian.run(`cd /\n${script}`))
  }
  t.regex(await debian.run('mixmatch --help'), /--config-dir/)
  t.deepEqual(await recorded(), before)
  await mixmatch(`log verify --head ${hash}`)
  const journal = await debian.run('journalctl -u mixmatch -o cat')
  t.regex(journal, /"because":"they are of another version","msg":"views were built"/)
  await debian.run(`cd "$(npm root --global)/mixmatch/etc"
cmp systemd/mixmatch.service /etc/systemd/system/mixmatch.service`)

  t.regex(await located(debian, near), /default/)
  t.regex(await located(debian, far), /sp1/)
  t.is((await openstackJson('image', 'show', far))['name'], 'far away, before')
  t.regex(await located(debian, await place('sp1', 'image', 'after', tarball)), /sp1/)
  t.is(await mixmatch('views check').then(() => 'clean'), 'clean')
})

test.serial('every command of the guide was run, or has a reason why not', t => {
  const all = [...guide.values()].flat().filter(({ kind }) => kind === 'commands')
  const left = all.map(({ text }) => text).filter(text => !tried.has(text))
  const unexplained = left.filter(text => !elsewhere.some(([pattern]) => pattern.test(text)))
  t.deepEqual(unexplained, [])
  t.deepEqual(
    elsewhere.filter(([pattern]) => !left.some(text => pattern.test(text))),
    [],
    'reasons for nothing',
  )
})
