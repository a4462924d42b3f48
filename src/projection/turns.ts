import type { EventKind } from '../event/event.js'

/** What one event says of one resource in one cloud. */
export interface Fact {
  readonly at: number // by the cloud's own clock, microseconds
  readonly position: number
  readonly kind: EventKind
  readonly project: number | null
  /** False for the transfer of what the resource was made from: it gives the resource away, too. */
  readonly own: boolean
}

/**
 * A time in which a cloud held a resource for one project. It begins at the event `from` and ends at
 * the event `to`, which is null while it lasts. A resource that is given away, or deleted and made
 * again, has several. One that is known only by its deletion has one of no length.
 */
export interface Turn {
  readonly from: Moment
  readonly owner: number | null
  readonly to: Moment | null
}

export interface Moment {
  readonly at: number
  readonly position: number
}

/**
 * Fold what is said of one resource into its turns. The rules of belief are those of `locations`:
 * a deletion is final until a later creation, an update brings nothing back, an event that names no
 * project leaves the owner as it was.
 *
 * @param facts in the order of `at`; at equal times transfers of others first, deletions last, and
 *   in between as they were recorded
 * @param before the last turn that began earlier than the first of the facts
 * @returns the turns in their order, beginning with `before` where the facts may have changed it
 */
export function turnsOf(facts: readonly Fact[], before?: Turn): Turn[] {
  const turns: Turn[] = []
  const since = facts[0]?.at ?? Number.POSITIVE_INFINITY
  let open = before && (before.to === null || before.to.at >= since) ? before : undefined
  let gone = before !== undefined && open === undefined

  const close = (turn: Turn, { at, position }: Fact) =>
    turns.push({ ...turn, to: { at, position } })
  const begin = ({ at, position, project }: Fact): Turn => ({
    from: { at, position },
    owner: project,
    to: null,
  })
  for (const fact of facts) {
    if (fact.kind === 'deleted') {
      if (open) close(open, fact)
      else if (!gone) close(begin(fact), fact)
      open = undefined
      gone = true
    } else if (open) {
      if (fact.project === null || fact.project === open.owner) continue
      if (open.owner === null && open.from.at === fact.at) {
        open = { ...open, owner: fact.project } // unknown for no time at all
        continue
      }
      close(open, fact)
      open = begin(fact)
    } else if (fact.own && (fact.kind === 'created' || !gone)) {
      open = begin(fact)
    }
  }
  if (open) turns.push({ ...open, to: null })
  return turns
}
