import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import anyTest, { type TestFn } from 'ava'
import { hosts, lab, passwords } from './clients.js'
import { createMixmatch, type Exported, type Mixmatch, type Running, url } from './mixmatch.js'
import { findSecrets } from './secrets.js'
import { untilInLab } from './until-in-lab.js'
import { listenOnWire, type Wire } from './wire.js'

/** Two clouds, the proxy and its catalog, with a capture of the network traffic. */
export interface Federation {
  readonly mixmatch: Mixmatch
  readonly wire: Wire
  readonly running: Map<'serve' | 'record' | 'proxy', Running>
}

/** A test function for a file of tests, with the federation and these running processes. */
export function onFederation(
  ...halves: readonly ('serve' | 'record' | 'proxy')[]
): TestFn<Federation> {
  return onFederationWith({}, ...halves)
}

/** The same, with further settings. */
export function onFederationWith(
  settings: Readonly<Record<string, string>>,
  ...halves: readonly ('serve' | 'record' | 'proxy')[]
): TestFn<Federation> {
  const test = anyTest as TestFn<Federation>
  test.before(async t => {
    const wire = await listenOnWire({
      tokensFrom: Object.values(hosts),
      sentTo: [hosts.sp1],
    })
    const mixmatch = await createMixmatch(settings)
    const running: Federation['running'] = new Map()
    t.context = { mixmatch, wire, running }
    for (const half of halves) running.set(half, await mixmatch.start(half))
    await lab('endpoints', 'proxy', url)
  })
  test.after.always(async t => {
    await lab('endpoints', 'direct')
    await t.context.wire.read()
    await t.context.mixmatch.close()
  })
  return test
}

/** The last tests of each file. They check everything that the tests before have done. */
export function closingProofs(test: TestFn<Federation>): void {
  test.serial('the log holds, and so does the view made from it', async t => {
    const { mixmatch } = t.context
    await t.notThrowsAsync(mixmatch.run('log', 'verify'))
    await t.notThrowsAsync(mixmatch.run('views', 'check'))
    t.deepEqual(twice(await mixmatch.events()), [])
  })

  test.serial('all processes end on SIGTERM with exit code 0', async t => {
    for (const [half, process] of t.context.running) await t.notThrowsAsync(process.stop(), half)
  })

  test.serial('no token and no password is in the log, the view or what was logged', async t => {
    const { mixmatch, wire } = t.context
    const capture = await wire.read()
    const tokens = Object.values(hosts).map(host => [...capture.tokensFrom(host)])
    t.true(
      tokens.every(issued => issued.length > 0),
      'no cloud was asked for a token',
    )
    // Payloads are compressed in the log, so the uncompressed events are searched too.
    await writeFile(join(mixmatch.directory, 'export.ndjson'), await mixmatch.run('log', 'export'))
    t.deepEqual(await findSecrets(mixmatch.directory, [...tokens.flat(), ...passwords]), [])
  })

  test.serial('nothing that reached sp1 held a token issued at default', async t => {
    const capture = await t.context.wire.read()
    const arrived = capture.sentTo(hosts.sp1)
    const own = [...capture.tokensFrom(hosts.sp1)]
    t.true(
      arrived.some(bytes => own.some(token => bytes.includes(token))),
      'the wire shows no request to sp1 at all',
    )
    const foreign = [...capture.tokensFrom(hosts.default), 'lab-demo', 'lab-mixmatch']
    t.is(arrived.filter(bytes => foreign.some(secret => bytes.includes(secret))).length, 0)
  })
}

/** Wait until the log has notifications of these types of a resource, from the bus of the cloud. */
export async function untilRecorded(
  { mixmatch }: Federation,
  cloud: string,
  id: string,
  ...eventTypes: readonly string[]
): Promise<void> {
  await untilInLab(`${eventTypes.join(', ')} of ${id} at ${cloud} in the log`, async () => {
    const events = await mixmatch.events()
    return eventTypes.every(type =>
      events.some(
        event =>
          event.source === 'bus' &&
          event.service_provider === cloud &&
          event.event_type === type &&
          event.resource?.id === id,
      ),
    )
  })
}

/** Wait until `mixmatch locate` names only this cloud, or says that no cloud is known. */
export async function untilLocated(
  { mixmatch }: Federation,
  id: string,
  cloud: string | undefined,
): Promise<void> {
  await untilInLab(`${id} located at ${cloud ?? 'no cloud'}`, async () => {
    const said = await mixmatch.run('locate', id, '--format', 'json').catch((error: Error) => {
      if (error.message.includes('no cloud is known to hold it')) return ''
      throw error
    })
    const places = said.split('\n').filter(line => line !== '')
    const clouds = places.map(line => JSON.parse(line).service_provider)
    return isDeepStrictEqual(clouds, cloud === undefined ? [] : [cloud])
  })
}

/** Messages that the log has more than once. */
export function twice(events: readonly Exported[]): readonly string[] {
  const seen = new Set<string>()
  return events
    .map(event => `${event.service_provider} ${event.message_id}`)
    .filter(message => seen.size === seen.add(message).size)
}
