import test from 'ava'
import fc from 'fast-check'
import type { EventLog } from '../../src/log/event-log.js'
import { verifyLog } from '../../src/log/verify.js'
import { event } from '../controls.js'
import { clouds, type Death, eventOf, type SimulatedFleet, simulateFleet } from './simulation.js'

const NODES = 3

type Act =
  | { readonly act: 'notify'; readonly cloud: 0 | 1; readonly count: number }
  | {
      readonly act: 'collect'
      readonly cloud: 0 | 1
      readonly count: number
      readonly death: Death
    }
  | {
      readonly act: 'follow'
      readonly node: number
      readonly count: number
      readonly death: 'never' | 'before' | 'after'
    }
  | { readonly act: 'arrive late' }
  | { readonly act: 'observe'; readonly twice: boolean }
  | { readonly act: 'forge'; readonly content: string }
  | { readonly act: 'repeat'; readonly index: number }
  | { readonly act: 'lose'; readonly node: number }

const cloud = fc.constantFrom(0 as const, 1 as const)
const node = fc.nat(NODES - 1)
const deaths: readonly Death[] = [
  'never',
  'before the publish',
  'during the publish',
  'before the confirmation',
  'before the acknowledgement',
  'with a late publish',
]
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('notify' as const),
      cloud,
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('collect' as const),
      cloud,
      count: fc.integer({ min: 1, max: 8 }),
      death: fc.constantFrom(...deaths),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('follow' as const),
      node,
      count: fc.integer({ min: 1, max: 12 }),
      death: fc.constantFrom('never' as const, 'before' as const, 'after' as const),
    }),
  },
  fc.constant({ act: 'arrive late' } as const),
  fc.record({ act: fc.constant('observe' as const), twice: fc.boolean() }),
  fc.record({ act: fc.constant('forge' as const), content: fc.constantFrom('{}', 'a\nb', '') }),
  fc.record({ act: fc.constant('repeat' as const), index: fc.nat(40) }),
  fc.record({ act: fc.constant('lose' as const), node }),
)

test('each notification is once in every log, and all logs have the same hashes, whichever node dies', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: 40 }), async plan => {
      const fleet = simulateFleet(t, NODES)
      const notified: string[] = []
      for (const act of plan) {
        await perform(fleet, act, notified)
        requirePrefixes(fleet.logs())
      }
      await fleet.settle()
      const [first, ...others] = fleet.logs()
      if (!first) return
      const found = [...first.read()].filter(({ source }) => source === 'bus')
      requireEqual(
        found.map(({ messageId }) => messageId).sort(),
        notified.toSorted(),
        'each notification once',
      )
      for (const other of others) requireEqual(other.head(), first.head(), 'the same head')
      requireEqual(verifyLog(first).breaches, [], 'a log that verifies')
      requireEqual(fleet.lostAcknowledgements, [], 'no acknowledgement before the confirmation')
    }),
    { numRuns: 30, includeErrorInReport: true },
  )
  t.pass()
})

async function perform(fleet: SimulatedFleet, act: Act, notified: string[]): Promise<void> {
  switch (act.act) {
    case 'notify':
      for (let count = 0; count < act.count; count += 1) {
        const number = notified.length
        fleet.notify(clouds[act.cloud], number)
        notified.push(eventOf(clouds[act.cloud], number).messageId)
      }
      return
    case 'collect':
      return await fleet.collect(clouds[act.cloud], act.count, act.death)
    case 'follow':
      return fleet.follow(act.node, act.count, act.death)
    case 'arrive late':
      return fleet.arriveLate()
    case 'observe':
      return fleet.observe(event({ source: 'proxy' }), act.twice)
    case 'forge':
      return fleet.forge(act.content)
    case 'repeat':
      return fleet.repeat(act.index)
    case 'lose':
      return fleet.lose(act.node)
  }
  act satisfies never
}

/** Of any two logs, one begins with the other. */
function requirePrefixes(logs: readonly EventLog[]): void {
  for (const log of logs) {
    const { position, hash } = log.head()
    for (const other of logs) {
      if (position === 0 || other.head().position < position) continue
      requireEqual(other.get(position)?.hash, hash, `the same hash at ${position}`)
    }
  }
}

function requireEqual(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [actual, expected].map(value => JSON.stringify(value))
  if (found !== wanted) throw new Error(`expected ${what}: ${wanted}, found ${found}`)
}
