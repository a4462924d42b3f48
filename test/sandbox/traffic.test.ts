import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { startTraffic } from '../../sandbox/traffic.js'
import { until, untilTrue } from '../until.js'
import { publishedTypes, startClouds } from './clouds.js'

test('the users of the sandbox create, change and delete things until they are stopped', async t => {
  const federation = await startClouds(t)
  const home = federation.cloud('default')
  const errors: unknown[] = []
  // The first cloud answers as a proxy would, because its paths are the same.
  const traffic = startTraffic({
    federation,
    proxyUrl: home.url,
    everyMs: 2,
    report: error => errors.push(error),
  })
  const wanted = ['image.create', 'image.activate', 'volume.create.end', 'image.delete']
  await untilTrue(() => wanted.every(type => publishedTypes(home).includes(type)))
  await traffic.close()
  // A request that was sent before the end may still arrive.
  await until('no more requests arrive', async () => {
    const requests = home.requests().length
    await sleep(50)
    return home.requests().length === requests
  })
  t.deepEqual(errors, [])
})
