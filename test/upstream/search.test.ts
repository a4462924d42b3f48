import test from 'ava'
import { micros, type SpName } from '../../src/ids.js'
import type { Search } from '../../src/routing/decision.js'
import { type Breaker, createBreaker } from '../../src/upstream/breaker.js'
import { createCloudWaits } from '../../src/upstream/cloud-wait.js'
import { type ProbeResult, type Prober, search } from '../../src/upstream/search.js'
import { cornmeal, disk, idp, millet } from '../controls.js'

const forRead: Search = {
  kind: 'search',
  among: [idp, cornmeal, millet],
  because: 'unknown',
  resource: disk,
  readOnly: true,
}
const forWrite: Search = { ...forRead, readOnly: false }
const absent: ProbeResult = { kind: 'absent' }
const failed: ProbeResult = { kind: 'failed' }
const never = new AbortController().signal
const waitsWith = (breaker: Breaker) =>
  createCloudWaits({ breaker, deadlineMs: 60_000, now: () => 0 })
const calm = () => waitsWith(createBreaker(() => 0))

function found(serviceProvider: SpName): ProbeResult {
  return {
    kind: 'found',
    project: null,
    observation: {
      learned: 'found',
      serviceProvider,
      resource: disk,
      project: null,
      parent: null,
      observedAt: micros(0),
      requestId: 'req-1',
    },
  }
}

function looking(results: Record<string, ProbeResult>): { look: Prober; asked: SpName[] } {
  const asked: SpName[] = []
  return {
    asked,
    async look(cloud) {
      asked.push(cloud)
      return results[cloud] ?? absent
    },
  }
}

test('a resource of the identity provider is searched for nowhere else', async t => {
  const { look, asked } = looking({ [idp]: found(idp), [cornmeal]: found(cornmeal) })
  t.is((await search(forRead, look, calm(), never))?.observation.serviceProvider, idp)
  t.deepEqual(asked, [idp])
})

test('the other clouds are asked at once, and the first one that has the resource aborts the other probes', async t => {
  let calledOff = false
  const look: Prober = (cloud, _, signal) => {
    if (cloud === idp) return Promise.resolve(absent)
    if (cloud === millet) return Promise.resolve(found(millet))
    return new Promise(resolve => {
      signal.addEventListener('abort', () => {
        calledOff = true
        resolve(failed)
      })
    })
  }
  t.is((await search(forRead, look, calm(), never))?.observation.serviceProvider, millet)
  t.true(calledOff)
})

test('a resource that no cloud has is not found, for reads and for writes', async t => {
  const { look } = looking({})
  t.is(await search(forRead, look, calm(), never), null)
  t.is(await search(forWrite, look, calm(), never), null)
})

test('a failing cloud does not hide the resource of another cloud', async t => {
  const { look } = looking({ [idp]: failed, [cornmeal]: failed, [millet]: found(millet) })
  const result = await search(forWrite, look, calm(), never)
  t.is(result?.observation.serviceProvider, millet)
})

test('a write is rejected if a cloud that may have the resource fails, a read is not', async t => {
  const { look } = looking({ [cornmeal]: failed })
  t.is(await search(forRead, look, calm(), never), null)
  const error = await t.throwsAsync(search(forWrite, look, calm(), never), {
    code: 'SERVICE_PROVIDER_UNREACHABLE',
  })
  t.regex(error?.message ?? '', /cornmeal/)
})

test('a cloud that keeps failing is not asked for some time, and counts as failed', async t => {
  let now = 0
  const breaker = createBreaker(() => now)
  const { look, asked } = looking({ [cornmeal]: failed })
  const times = () => asked.filter(cloud => cloud === cornmeal).length
  for (let round = 0; round < 5; round++) await search(forRead, look, waitsWith(breaker), never)
  t.is(times(), 3)
  await t.throwsAsync(search(forWrite, look, waitsWith(breaker), never), { message: /cornmeal/ })
  now = 31_000
  await search(forRead, look, waitsWith(breaker), never)
  await search(forRead, look, waitsWith(breaker), never)
  t.is(times(), 4)
})

test('a cloud that has recovered is asked again', async t => {
  const breaker = createBreaker(() => 0)
  breaker.failed(cornmeal)
  breaker.failed(cornmeal)
  breaker.succeeded(cornmeal)
  breaker.failed(cornmeal)
  t.is(breaker.admit(cornmeal), 'admitted')
})

test('an error that does not come from a cloud is not swallowed', async t => {
  const look: Prober = async cloud => {
    if (cloud === millet) throw new TypeError('ours')
    return absent
  }
  await t.throwsAsync(search(forRead, look, calm(), never), { instanceOf: TypeError })
})
