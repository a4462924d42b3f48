import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { mixmatch } from '../commands/run-command.js'
import { type Cloud, hosts } from './clients.js'
import { untilInLab } from './until-in-lab.js'

// These tests have no proxy and no bus: Mixmatch learns everything from the lists of the clouds.

/** A user at a cloud, without Mixmatch. */
interface User {
  readonly project: string
  call(method: string, url: string, body?: object): Promise<Answer>
}

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
  readonly json: any
}

/** A row of `mixmatch reconcile --format json`. */
interface Row {
  readonly service_provider: string
  readonly difference: string
  readonly resource: { readonly type: string; readonly id: string }
  readonly project: string | null
  readonly believed: string | null
}

const admin = 'username = admin\npassword = lab-admin\nproject_name = admin\n'

/** A folder with a configuration in which Mixmatch has these users. */
function configured(t: ExecutionContext, users: Partial<Record<Cloud, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'mixmatch-lab-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  const clouds = Object.entries(hosts).map(
    ([cloud, host]) => `[sp_${cloud}]
messagebus =
auth_url = http://${host}:5000/v3
image_endpoint = http://${host}:9292
volume_endpoint = http://${host}:8776
${users[cloud as Cloud] ?? ''}`,
  )
  writeFileSync(
    join(path, 'mixmatch.conf'),
    `[DEFAULT]
service_providers = ${Object.keys(hosts).join(', ')}
[database]
connection = sqlite:///${join(path, 'events.db')}
[auth]
auth_url = http://${hosts.default}:5000/v3
username = mixmatch
password = lab-mixmatch
project_name = service
${clouds.join('\n')}`,
  )
  return path
}

/** The differences that a run at one cloud found for these resources. Others may change during the run. */
async function found(path: string, cloud: Cloud, ids: readonly string[]): Promise<Row[]> {
  const { out } = await mixmatch(path, 'reconcile', cloud, '--format', 'json')
  const rows: Row[] = out
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
  return rows.filter(({ resource }) => ids.includes(resource.id))
}

for (const cloud of Object.keys(hosts) as Cloud[])
  test.serial(
    `what was made, given away and deleted at ${cloud} behind everybody's back is found`,
    async t => {
      const path = configured(t, { default: admin, sp1: admin })
      const root = await login(cloud)
      const demo = await projectNamed('demo', root, cloud)
      const images = `http://${hosts[cloud]}:9292/v2/images`
      const made = await Promise.all(
        [{}, { visibility: 'community' }, { os_hidden: true }].map(fields =>
          makeImage(t, root, images, fields),
        ),
      )
      const disk = await makeVolume(t, root, cloud)
      const ids = [...made, disk]

      const first = await found(path, cloud, ids)
      t.deepEqual(first.map(({ resource }) => resource.id).sort(), [...ids].sort())
      t.true(
        first.every(
          ({ difference, project }) => difference === 'unknown' && project === root.project,
        ),
      )
      t.deepEqual(await found(path, cloud, ids), [])

      const [given = '', removed = ''] = made
      await patchOwner(root, `${images}/${given}`, demo)
      await root.call('DELETE', `${images}/${removed}`)
      await root.call('DELETE', volumeUrl(cloud, root, disk))
      await untilInLab(`volume ${disk} is gone`, async () => {
        const { status } = await root.call('GET', volumeUrl(cloud, root, disk))
        return status === 404
      })
      const second = await found(path, cloud, ids)
      const told = second.map(({ resource, difference, project, believed }) => [
        resource.id,
        difference,
        project,
        believed,
      ])
      t.deepEqual(
        told.sort(),
        [
          [given, 'owner', demo, root.project],
          [removed, 'gone', null, root.project],
          [disk, 'gone', null, root.project],
        ].sort(),
      )
      t.regex((await mixmatch(path, 'locate', given)).out, new RegExp(`${cloud}.*${demo}`))
      t.is((await mixmatch(path, 'locate', removed)).code, 1)
      t.is((await mixmatch(path, 'log', 'verify')).code, 0)
      t.is((await mixmatch(path, 'views', 'check')).code, 0)
    },
  )

test.serial(
  'the service user of [auth] sees its own project at default, and reports nothing else as deleted',
  async t => {
    const path = configured(t, { default: admin })
    const root = await login('default')
    const images = `http://${hosts.default}:9292/v2/images`
    const [id] = [await makeImage(t, root, images, {})]
    t.is((await found(path, 'default', [id])).length, 1)

    const plain = configured(t, {})
    const log = ['log', 'export'] as const
    const { out } = await mixmatch(path, ...log)
    writeFileSync(join(plain, 'export.ndjson'), out)
    t.is((await mixmatch(plain, 'log', 'import', 'export.ndjson')).code, 0)
    const run = await mixmatch(plain, 'reconcile', 'default', '--format', 'json')
    t.is(run.code, 0)
    t.regex(run.err, /the user is no administrator/)
    t.false(run.out.includes(id))
  },
)

test.serial(
  'a service provider whose mapping rejects service users is reported as not compared',
  async t => {
    const path = configured(t, {})
    const { code, err } = await mixmatch(path, 'reconcile', 'sp1')
    t.is(code, 1)
    t.regex(err, /sp1: .*not admitted there by federation/)
  },
)

async function makeImage(
  t: ExecutionContext,
  user: User,
  url: string,
  fields: object,
): Promise<string> {
  const { status, json } = await user.call('POST', url, { name: 'behind', ...fields })
  if (status !== 201) throw new Error(`no image: ${status} ${JSON.stringify(json)}`)
  t.teardown(() => user.call('DELETE', `${url}/${json.id}`))
  return json.id
}

async function makeVolume(t: ExecutionContext, user: User, cloud: Cloud): Promise<string> {
  const { status, json } = await user.call('POST', volumeUrl(cloud, user), { volume: { size: 1 } })
  if (status !== 202) throw new Error(`no volume: ${status} ${JSON.stringify(json)}`)
  const { id } = json.volume
  t.teardown(() => user.call('DELETE', volumeUrl(cloud, user, id)))
  await untilInLab(`volume ${id} can be deleted`, async () => {
    const shown = await user.call('GET', volumeUrl(cloud, user, id))
    return ['available', 'error'].includes(shown.json.volume.status)
  })
  return id
}

function volumeUrl(cloud: Cloud, { project }: User, id?: string): string {
  return `http://${hosts[cloud]}:8776/v3/${project}/volumes${id === undefined ? '' : `/${id}`}`
}

async function patchOwner({ call }: User, url: string, owner: string): Promise<void> {
  const { status } = await call('PATCH', url, [{ op: 'replace', path: '/owner', value: owner }])
  if (status !== 200) throw new Error(`the image was not given away: ${status}`)
}

async function projectNamed(name: string, { call }: User, cloud: Cloud): Promise<string> {
  const { json } = await call('GET', `http://${hosts[cloud]}:5000/v3/projects?name=${name}`)
  return json.projects[0].id
}

/** The administrator of a cloud. */
async function login(cloud: Cloud): Promise<User> {
  const admin = { name: 'admin', domain: { id: 'default' } }
  const password = { user: { ...admin, password: 'lab-admin' } }
  const response = await fetch(`http://${hosts[cloud]}:5000/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: { identity: { methods: ['password'], password }, scope: { project: admin } },
    }),
  })
  const token = response.headers.get('X-Subject-Token')
  if (!token) throw new Error(`nobody can log in at ${cloud}: ${response.status}`)
  // biome-ignore lint/suspicious/noExplicitAny: as of any answer
  const body: any = await response.json()
  return {
    project: body.token.project.id,
    async call(method, url, content) {
      const type = method === 'PATCH' ? 'openstack-images-v2.1-json-patch' : 'json'
      const answer = await fetch(url, {
        method,
        headers: { 'X-Auth-Token': token, 'Content-Type': `application/${type}` },
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      })
      const text = await answer.text()
      return { status: answer.status, json: /^[[{]/.test(text) ? JSON.parse(text) : text }
    },
  }
}
