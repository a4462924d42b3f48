import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { openLog } from '../../src/log/open-log.js'
import { openLocations } from '../../src/projection/locate.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  folder,
  idp,
  image,
  transferred,
} from '../controls.js'
import { mixmatch } from './run-command.js'

const notifications = fileURLToPath(
  new URL('../fixtures/notifications/sp1.ndjson', import.meta.url),
)

function recorded(path: string): void {
  using log = openLog(join(path, 'events.db'))
  const story = [
    created(disk, alice),
    created(image, bob, { serviceProvider: idp }),
    event({ resource: disk }),
    transferred(disk, bob),
    deleted(image, { serviceProvider: idp }),
  ]
  for (const [second, each] of story.entries()) log.append([each], at(second))
}

test('replay prints the selected events in order', async t => {
  const path = folder(t)
  recorded(path)
  const replay = async (...args: string[]) => {
    const { out } = await mixmatch(
      path,
      'replay',
      '--log',
      'events.db',
      '--format',
      'json',
      ...args,
    )
    return out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).position)
  }
  const time = (seconds: number) => new Date(at(seconds) / 1000).toISOString()
  t.deepEqual(await replay(), [1, 2, 3, 4, 5])
  t.deepEqual(await replay('--from', '2', '--until', '4'), [2, 3, 4])
  t.deepEqual(await replay('--from', time(1), '--until', time(2)), [2, 3])
  t.deepEqual(await replay('--type', 'volume.*'), [1, 3, 4])
  t.deepEqual(await replay('--type', 'volume.transfer.accept.end,image.delete.end'), [4, 5])
  t.deepEqual(await replay('--sp', idp), [2, 5])
  t.deepEqual(await replay('--resource', disk.id), [1, 3, 4])
  t.deepEqual(
    await replay('--resource', disk.id, '--type', 'volume.create.*', '--sp', cornmeal),
    [1],
  )
})

test('replay --into builds the views of a point in a new file', async t => {
  const path = folder(t)
  recorded(path)
  const into = (...args: string[]) =>
    mixmatch(path, 'replay', '--log', 'events.db', '--into', 'then.db', ...args)
  t.is((await into('--until', '2')).code, 0)
  using locations = openLocations(join(path, 'then.db'), join(path, 'events.db'))
  t.is(locations.locate(disk.type, disk.id)[0]?.project, alice)
  t.is(locations.locate(image.type, image.id).length, 1)
  t.is((await into()).code, 2)
  t.is(
    (await mixmatch(path, 'replay', '--log', 'events.db', '--into', 'x.db', '--sp', idp)).code,
    2,
  )
  t.false(existsSync(join(path, 'x.db')))
})

test('replay --diff prints resources whose location differs between two points', async t => {
  const path = folder(t)
  recorded(path)
  const diff = async (...points: string[]) => {
    const args = ['--log', 'events.db', '--format', 'json', '--diff', ...points]
    const { code, out } = await mixmatch(path, 'replay', ...args)
    return code === 0
      ? out
          .split('\n')
          .filter(Boolean)
          .map(line => JSON.parse(line))
      : code
  }
  t.deepEqual(await diff('2', '5'), [
    { resource: image, before: [{ service_provider: idp, project: bob }], after: [] },
    {
      resource: disk,
      before: [{ service_provider: cornmeal, project: alice }],
      after: [{ service_provider: cornmeal, project: bob }],
    },
  ])
  t.deepEqual(await diff('2', '3'), [])
  t.like(await diff('0', '1'), { length: 1 })
  t.is(await diff('3', '2'), 2)
  t.is(await diff('3'), 2)
})

test('replay --to publishes recorded notifications in their original form', async t => {
  const path = folder(t)
  await mixmatch(path, 'log', 'import', notifications, '--log', 'events.db')
  const out = join(path, 'again.ndjson')
  const to = ['--to', pathToFileURL(out).href, '--speed', 'max']
  const { code, err } = await mixmatch(path, 'replay', '--log', 'events.db', ...to)
  t.is(code, 0)
  t.regex(err, /171 notifications published/)
  const contentOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
      .map(({ cloud, exchange, routing_key, body }) => {
        const { message_id, event_type, payload } = JSON.parse(JSON.parse(body)['oslo.message'])
        return {
          cloud,
          exchange,
          routing_key,
          message_id,
          event_type,
          id: payload.id ?? payload.volume_id,
        }
      })
  t.deepEqual(contentOf(readFileSync(out, 'utf8')), contentOf(readFileSync(notifications, 'utf8')))

  await mixmatch(path, 'log', 'import', out, '--log', 'copy.db')
  const places = async (log: string) =>
    (await mixmatch(path, 'audit', 'placement', '--log', log, '--format', 'csv')).out
  t.is((await places('copy.db')).split('\n').length, (await places('events.db')).split('\n').length)
})

test('replay --to does not publish events of Mixmatch itself', async t => {
  const path = folder(t)
  {
    using log = openLog(join(path, 'events.db'))
    log.append([event({ source: 'recorder' }), event(), event({ source: 'proxy' })], at(1))
  }
  const to = ['--to', pathToFileURL(join(path, 'out.ndjson')).href]
  const { err } = await mixmatch(path, 'replay', '--log', 'events.db', ...to)
  t.regex(err, /^1 notifications published/m)
})
