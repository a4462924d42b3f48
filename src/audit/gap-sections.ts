import type { Silence } from './activity.js'
import { time } from './audit-database.js'
import type { Gap } from './gaps.js'
import type { Section } from './report.js'

/** The section `silences`: times without a notification of a bus. */
export function silenceSection(silences: readonly Silence[]): Section {
  return {
    name: 'silences',
    title: 'Silences: times without a notification of a bus',
    columns: ['service_provider', 'from', 'until', 'hours', 'lasts'],
    rows: silences.map(({ cloud, from, until, lasts }) => ({
      service_provider: cloud,
      from: time(from),
      until: time(until),
      hours: Math.round((until - from) / 360e6) / 10,
      lasts,
    })),
  }
}

/** The section `gaps`: times in which notifications may have been missed. */
export function gapSection(gaps: readonly Gap[]): Section {
  return {
    name: 'gaps',
    title: 'Gaps: what the recorder noted about itself',
    columns: ['service_provider', 'from', 'until', 'what', 'position'],
    rows: gaps.map(({ cloud, from, until, what, position }) => ({
      service_provider: cloud,
      from: time(from),
      until: time(until),
      what,
      position,
    })),
  }
}
