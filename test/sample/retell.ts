import type { Chance } from './chance.js'
import type { Line, Story } from './stories.js'

/** How a story is told anew. */
export interface Telling {
  readonly cloud: string
  /** When it begins, in milliseconds. */
  readonly at: number
  /** Who it is about, and whom they give things to: 32 hex digits each. */
  readonly giver: string
  readonly taker: string
  /** How long it pauses before a thing is given away, and before it is deleted; null for never. */
  readonly givenAfter: number
  readonly deletedAfter: number | null
  /** The id of what it is about, where that is settled. */
  readonly anchor?: string
}

const PROJECT = /"(?:tenant_id|owner)": "([0-9a-f]{32})"/g
const ID = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9a-f]{32}\b/g
const TIME = /\b2026-11-23([ T])(\d\d:\d\d:\d\d)(\.\d+)?/g

/** A line of a file of recorded notifications, and when it was emitted, in milliseconds. */
export interface Told {
  readonly line: unknown
  readonly emittedAt: number
}

/** The same things happen to other ids, other people and at other times. */
export function retell(story: Story, telling: Telling, chance: Chance): Told[] {
  const renamed = new Map<string, string>()
  if (telling.anchor !== undefined) renamed.set(story.anchor, telling.anchor)
  for (const [index, project] of [...projectsIn(story)].entries()) {
    renamed.set(project, index === 0 ? telling.giver : telling.taker)
  }
  const rename = (id: string) => {
    const known = renamed.get(id)
    if (known !== undefined) return known
    const fresh = chance.uuid()
    const name = id.includes('-') ? fresh : fresh.replaceAll('-', '')
    renamed.set(id, name)
    return name
  }
  const moved = timetable(story, telling)
  return story.lines
    .filter(line => telling.deletedAfter !== null || !isDeletion(line, story))
    .map(line => {
      const message = line.message
        .replace(ID, rename)
        .replace(TIME, (_, between: string, clock: string, fraction = '') => {
          const at = moved(Date.parse(`2026-11-23T${clock}Z`))
          return `${new Date(at).toISOString().slice(0, 19).replace('T', between)}${fraction}`
        })
        .replaceAll('sp1', telling.cloud)
      const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': message })
      return {
        line: { ...line.recorded, cloud: telling.cloud, body },
        emittedAt: moved(line.emittedAt),
      }
    })
}

/** In the order in which they are heard of: who made the thing, and who got it. */
function projectsIn({ lines }: Story): Set<string> {
  const found = lines.flatMap(({ message }) => [...message.matchAll(PROJECT)])
  return new Set(found.map(([, project = '']) => project))
}

/** Whole seconds are moved by whole seconds, so that all times within a message agree. */
function timetable(story: Story, telling: Telling): (at: number) => number {
  const begun = Math.floor((story.lines[0]?.emittedAt ?? 0) / 1000) * 1000
  const pauses = [
    {
      before: story.lines.find(line => line.eventType === 'volume.transfer.create.start'),
      lasts: telling.givenAfter,
    },
    { before: story.lines.find(line => isDeletion(line, story)), lasts: telling.deletedAfter ?? 0 },
  ]
  return at =>
    pauses.reduce(
      (moved, { before, lasts }) =>
        before && at >= Math.floor(before.emittedAt / 1000) * 1000 ? moved + lasts : moved,
      at - begun + telling.at,
    )
}

function isDeletion({ eventType, message }: Line, { anchor }: Story): boolean {
  return /^(volume|image)\.delete/.test(eventType) && message.includes(anchor)
}
