import type { StoredId } from '../event/stored.js'

/** A row of the view `placements`, in the order of its key. */
export type HeldRow = readonly [
  type: number,
  id: StoredId,
  cloud: number,
  fromAt: number,
  fromPosition: number,
  owner: number | null,
  toAt: number | null,
]

/** The first and the last of the `STEPS` + 1 moments that are counted. Microseconds. */
interface Moments {
  readonly from: number
  readonly until: number
}

export const STEPS = 240
/** Pairs of cloud and project that are counted, with 1 KB each. Further ones are counted as `OTHERS`. */
const MOST_PAIRS = 50_000
const MOST_TRANSFERS = 10_000
/** The number of the projects that are not counted on their own. */
export const OTHERS = -1
/** The number of "no project". */
export const NOBODY = 0

/** How many resources there were at each moment. */
export interface Counts {
  readonly cloud: number
  /** A type, or the number of a project; `NOBODY` and `OTHERS` are no projects. */
  readonly of: number
  readonly steps: Int32Array
}

/** How many resources a project gave to another at one cloud. */
interface Transfers {
  readonly cloud: number
  readonly from: number
  readonly to: number
  count: number
}

export interface Tallied {
  readonly moments: Moments
  readonly byType: readonly Counts[]
  readonly byProject: readonly Counts[]
  /** The most frequent first. */
  readonly transfers: readonly Transfers[]
}

/** Counts placements by type and project at each moment, and changes of the owner. */
export function createHoldingsTally(moments: Moments) {
  const byType = new Map<string, Counts>()
  const byProject = new Map<string, Counts>()
  const transfers = new Map<string, Transfers>()
  let last: HeldRow | null = null

  const width = Math.max(1, (moments.until - moments.from) / STEPS)
  /** The first moment that is not before a time. */
  const stepOf = (at: number) =>
    Math.min(STEPS, Math.max(0, Math.ceil((at - moments.from) / width)))

  function countsOf(all: Map<string, Counts>, cloud: number, of: number): Counts {
    const key = `${cloud} ${of}`
    const known = all.get(key)
    if (known) return known
    if (all.size >= MOST_PAIRS && of !== OTHERS) return countsOf(all, cloud, OTHERS)
    const fresh = { cloud, of, steps: new Int32Array(STEPS + 1) }
    all.set(key, fresh)
    return fresh
  }

  function addTransfer(cloud: number, from: number, to: number): void {
    const key = `${cloud} ${from} ${to}`
    const known = transfers.get(key)
    if (known) known.count += 1
    else if (transfers.size < MOST_TRANSFERS) transfers.set(key, { cloud, from, to, count: 1 })
  }

  return {
    /** Rows must come in the order of the key, so that the placements of a resource follow one another. */
    add(row: HeldRow): void {
      const [type, , cloud, fromAt, , owner, toAt] = row
      if (last && succeeds(row, last) && last[5] !== null && owner !== null && last[5] !== owner) {
        addTransfer(cloud, last[5], owner)
      }
      const begin = stepOf(fromAt)
      const end = toAt === null ? STEPS + 1 : stepOf(toAt)
      for (const { steps } of [
        countsOf(byType, cloud, type),
        countsOf(byProject, cloud, owner ?? NOBODY),
      ]) {
        // The steps hold differences until `finish` sums them up.
        steps[begin] = (steps[begin] ?? 0) + 1
        if (end <= STEPS) steps[end] = (steps[end] ?? 0) - 1
      }
      last = row
    },
    finish(): Tallied {
      for (const { steps } of [...byType.values(), ...byProject.values()]) {
        for (let step = 1; step <= STEPS; step += 1) {
          steps[step] = (steps[step] ?? 0) + (steps[step - 1] ?? 0)
        }
      }
      return {
        moments,
        byType: [...byType.values()],
        byProject: [...byProject.values()],
        transfers: [...transfers.values()].sort((one, other) => other.count - one.count),
      }
    },
  }
}

/** Whether a placement of a resource follows another one at the same cloud without a pause. */
function succeeds([type, id, cloud, fromAt]: HeldRow, earlier: HeldRow): boolean {
  return (
    earlier[0] === type && earlier[2] === cloud && earlier[6] === fromAt && isSame(earlier[1], id)
  )
}

function isSame(one: StoredId, other: StoredId): boolean {
  return typeof one === 'string' || typeof other === 'string' ? one === other : one.equals(other)
}
