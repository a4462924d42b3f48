import { readFileSync } from 'node:fs'

/** What happened to one thing and what was made of it, as one cloud told it. */
export interface Story {
  readonly anchor: string // the id of the volume or image that it is about
  readonly lines: readonly Line[]
}

export interface Line {
  readonly recorded: { readonly [key: string]: unknown; readonly cloud: string }
  readonly eventType: string
  /** The oslo message as text, without its envelope. */
  readonly message: string
  readonly emittedAt: number // milliseconds
}

/** The stories of a recording, in the order in which they began. */
export function storiesOf(cloud: 'default' | 'sp1'): Story[] {
  const file = new URL(`../fixtures/notifications/${cloud}.ndjson`, import.meta.url)
  const stories = new Map<string, Line[]>()
  for (const text of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const recorded = JSON.parse(text)
    const message: string = JSON.parse(recorded.body)['oslo.message']
    const { payload, timestamp, event_type: eventType } = JSON.parse(message)
    const anchor = payload.volume_id ?? payload.image_id ?? (/^image/.test(eventType) && payload.id)
    if (!anchor) continue
    const lines = stories.get(anchor) ?? []
    stories.set(anchor, lines)
    const emittedAt = Date.parse(`${timestamp.replace(' ', 'T')}Z`)
    lines.push({ recorded, eventType, message, emittedAt })
  }
  return [...stories].map(([anchor, lines]) => ({ anchor, lines }))
}
