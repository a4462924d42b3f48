import test from 'ava'
import { untilTrue } from '../until.js'
import {
  logIn,
  type Published,
  publishedTypes,
  readNotifications,
  readPublished,
  startClouds,
} from './clouds.js'

/** What real Glances and Cinders said. */
const recorded = ['default', 'sp1'].flatMap(cloud =>
  readNotifications(`test/fixtures/notifications/${cloud}.ndjson`),
)

test('notifications have the same form as those recorded from real clouds', async t => {
  const { clouds } = await startClouds(t, { clouds: ['default'] })
  const [cloud] = clouds
  if (!cloud) throw new Error('there is a cloud')
  const { call, project } = await logIn(cloud)

  const images = `${cloud.imageUrl}/v2/images`
  const image = await call('POST', images, {
    json: { name: 'i', disk_format: 'raw', container_format: 'bare' },
  })
  const file = `${images}/${image.json.id}/file`
  await call('PUT', file, {
    body: 'content',
    headers: { 'Content-Type': 'application/octet-stream' },
  })
  await call('GET', file)
  await call('DELETE', `${images}/${image.json.id}`)

  const base = `${cloud.volumeUrl}/v3/${project}`
  const heard = (type: string) => untilTrue(() => publishedTypes(cloud).includes(type))
  const { volume } = (await call('POST', `${base}/volumes`, { json: { volume: { size: 1 } } })).json
  await heard('volume.create.end')
  await call('PUT', `${base}/volumes/${volume.id}`, { json: { volume: { name: 'v' } } })
  await call('POST', `${base}/volumes/${volume.id}/action`, {
    json: { 'os-extend': { new_size: 2 } },
  })
  await heard('volume.resize.end')
  const { snapshot } = (
    await call('POST', `${base}/snapshots`, { json: { snapshot: { volume_id: volume.id } } })
  ).json
  await heard('snapshot.create.end')
  await call('PUT', `${base}/snapshots/${snapshot.id}`, { json: { snapshot: { name: 's' } } })
  await call('DELETE', `${base}/snapshots/${snapshot.id}`)
  await heard('snapshot.delete.end')
  await call('DELETE', `${base}/volumes/${volume.id}`)
  await heard('volume.delete.end')
  await heard('image.send')

  const ours = readPublished(cloud)
  t.is(new Set(ours.map(({ message }) => message.event_type)).size, 7 + 8 + 6)
  for (const one of ours) {
    const real = recorded.find(({ message }) => message.event_type === one.message.event_type)
    t.truthy(real, `no recorded ${one.message.event_type}`)
    if (real) t.deepEqual(form(one), form(real))
  }
})

/** Keys, types and spellings; values as far as they are constants. */
function form({ line, envelope, message }: Published) {
  const { payload, timestamp, publisher_id: publisher, message_id: id, ...rest } = message
  return {
    line: { ...line, body: typeof line.body, cloud: typeof line.cloud },
    envelope: { ...envelope, 'oslo.message': typeof envelope['oslo.message'] },
    keys: Object.keys(rest).sort(),
    constants: [message.event_type, message.priority, message._context_is_admin],
    publisher: publisher.replace(/\.(default|sp1)/, '.cloud').replace(/nfs|lvm/g, 'backend'),
    timestamp: timestamp.replace(/\d/g, '0'),
    id: id.replace(/[0-9a-f]/g, '0'),
    unique: message._unique_id.replace(/[0-9a-f]/g, '0'),
    payload: Object.keys(payload).sort(),
    created: payload.created_at?.replace(/\d/g, '0'),
  }
}
