import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from 'amqplib'
import { type Cloud, demoToken, holds, hosts, lab, openstackJson, place } from './clients.js'
import { closingProofs, onFederation, twice, untilLocated, untilRecorded } from './federation.js'
import { type Exported, url } from './mixmatch.js'
import { untilInLab } from './until-in-lab.js'
import { startWitness } from './witness.js'

const test = onFederation('record', 'proxy')

test.serial(
  'a recorder killed in the middle of 200 creates and deletes misses nothing',
  async t => {
    const { mixmatch, running } = t.context
    const begun = (await mixmatch.events()).length
    const witness = await startWitness(join(mixmatch.directory, 'witness'))
    t.teardown(witness.stop)
    const { token, project } = await demoToken()
    let done = 0

    async function createAndDelete(
      count: number,
      life: (cloud: Cloud) => Promise<void>,
    ): Promise<void> {
      for (let index = 0; index < count; index++) {
        await life(index % 2 ? 'sp1' : 'default')
        done++
      }
    }
    async function killAndStart(): Promise<void> {
      for (const mark of [40, 80, 140]) {
        await untilInLab(`${mark} of 200 lives`, async () => done >= mark)
        await running.get('record')?.kill()
        await wait(1000)
        running.set('record', await mixmatch.start('record'))
      }
    }
    const image = (cloud: Cloud) => createAndDeleteImage(token, cloud)
    const volume = (cloud: Cloud) => createAndDeleteVolume(token, project, cloud)
    await Promise.all([
      killAndStart(),
      createAndDelete(10, volume),
      ...[63, 63, 64].map(count => createAndDelete(count, image)),
    ])

    const told = await witness.messages()
    await untilInLab(`the log as long as the ${told.length} messages told`, async () => {
      return fromBuses((await mixmatch.events()).slice(begun)).length >= told.length
    })
    const events = (await mixmatch.events()).slice(begun)
    const recorded = fromBuses(events)
    t.is(done, 200)
    t.true(told.length >= 2 * 190 + 4 * 10, `the buses told only ${told.length} messages`)
    t.deepEqual(lacking(told, recorded), [], 'missing in the log')
    t.deepEqual(lacking(recorded, told), [], 'in the log, and never on a bus')
    t.deepEqual(twice(events), [], 'twice in the log')
  },
)

test.serial('requests are served while a broker is down, and recording resumes later', async t => {
  const { mixmatch } = t.context
  const { token } = await demoToken()
  await lab('kill', 'rabbit@sp1')
  t.teardown(() => lab('start', 'rabbit@sp1'))
  await untilInLab('the loss of sp1 in the log', async () => {
    return (await mixmatch.events()).some(isEvent('sp1', 'mixmatch.bus.lost'))
  })

  const { id } = await openstackJson('image', 'create', 'while sp1 is not heard')
  await untilRecorded(t.context, 'default', String(id), 'image.create')
  await untilLocated(t.context, String(id), 'default')

  const before = (await mixmatch.events()).length
  await lab('start', 'rabbit@sp1')
  let back: Exported | undefined
  await untilInLab('sp1 heard again', async () => {
    back = (await mixmatch.events()).slice(before).find(isEvent('sp1', 'mixmatch.bus.connected'))
    return back !== undefined
  })
  t.truthy(back?.body?.possible_gap, 'what may have been missed meanwhile')
  const image = await createImage(token, 'sp1')
  await untilRecorded(t.context, 'sp1', image, 'image.create')
  await untilLocated(t.context, image, 'sp1')

  await cinderIsBack('sp1')
  const volume = await place('sp1', 'volume', 'after sp1 was heard again', '1')
  await untilRecorded(t.context, 'sp1', volume, 'volume.create.start', 'volume.create.end')
})

closingProofs(test)

async function createAndDeleteImage(token: string, cloud: Cloud): Promise<void> {
  const id = await createImage(token, cloud)
  await call(204, `/image/v2/images/${id}`, token, { method: 'DELETE' })
}

async function createImage(token: string, cloud: Cloud): Promise<string> {
  const answer = await call(201, '/image/v2/images', token, {
    ...json({ name: 'one of many', disk_format: 'raw', container_format: 'bare' }),
    cloud,
  })
  return JSON.parse(answer).id
}

async function createAndDeleteVolume(token: string, project: string, cloud: Cloud): Promise<void> {
  const at = `/volume/v3/${project}/volumes`
  const made = json({ volume: { name: 'one of many', size: 1 } })
  const { id } = JSON.parse(await call(202, at, token, { ...made, cloud })).volume
  await untilInLab(`volume ${id} available`, async () => {
    return JSON.parse(await call(200, `${at}/${id}`, token)).volume.status === 'available'
  })
  await call(202, `${at}/${id}`, token, { method: 'DELETE' })
  await untilInLab(`volume ${id} gone`, async () => !(await holds(cloud, 'volume', id)))
}

function json(body: object): { method: string; body: string } {
  return { method: 'POST', body: JSON.stringify(body) }
}

/** One request through the proxy, at `cloud` where that is given. @throws on any other status */
async function call(
  status: number,
  path: string,
  token: string,
  { cloud, ...init }: { cloud?: Cloud; method?: string; body?: string } = {},
): Promise<string> {
  const headers = new Headers({ 'X-Auth-Token': token, 'Content-Type': 'application/json' })
  if (cloud) headers.set('MM-SERVICE-PROVIDER', cloud)
  const response = await fetch(`${url}${path}`, { ...init, headers })
  const text = await response.text()
  if (response.status !== status)
    throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status}, not ${status}: ${text}`)
  return text
}

/** After a crash of its broker, the API of Cinder accepts requests before its other services consume them. */
async function cinderIsBack(cloud: Cloud): Promise<void> {
  const connection = await connect(`amqp://openstack:lab-openstack@${hosts[cloud]}:5672/`)
  for (const queue of ['cinder-scheduler', `cinder-volume.${cloud}@nfs`])
    await untilInLab(`${queue} at ${cloud} consumed`, async () => {
      const channel = await connection.createChannel()
      channel.on('error', () => {}) // the queue does not exist yet
      const found = await channel.checkQueue(queue).catch(() => null)
      if (found) await channel.close()
      return (found?.consumerCount ?? 0) > 0
    })
  await connection.close()
}

function fromBuses(events: readonly Exported[]): readonly string[] {
  return events
    .filter(({ source }) => source === 'bus')
    .map(event => `${event.service_provider} ${event.message_id}`)
}

function lacking(all: readonly string[], among: readonly string[]): readonly string[] {
  const known = new Set(among)
  return all.filter(message => !known.has(message))
}

function isEvent(cloud: Cloud, eventType: string): (event: Exported) => boolean {
  return event => event.service_provider === cloud && event.event_type === eventType
}
