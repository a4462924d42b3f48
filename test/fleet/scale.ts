/**
 * How long the tests of a fleet take, and how many disturbances they make: `MIXMATCH_FLEET=long npm run test:fleet`
 * for the long form.
 */
export interface Scale {
  /** Notifications on each of the two buses, while machines are disturbed. */
  readonly numbered: number
  /** Notifications on each bus in a second. */
  readonly rate: number
  /** Creates at one node that are looked for at another. */
  readonly creates: number
  /** Notifications of the measurement of throughput. */
  readonly backlog: number
}

const long = process.env['MIXMATCH_FLEET'] === 'long'

export const scale: Scale = long
  ? { numbered: 5_000, rate: 25, creates: 500, backlog: 40_000 }
  : { numbered: 800, rate: 25, creates: 50, backlog: 6_000 }

/** From `MIXMATCH_FLEET_SEED`, else another one in each run. It decides which machine is disturbed when and how. */
export const seed = Number(process.env['MIXMATCH_FLEET_SEED'] ?? Date.now() % 1_000_000)
