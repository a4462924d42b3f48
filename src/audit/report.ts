import type { ResourceKey } from '../ids.js'

/** What a report says, before it has a form: a table, JSON lines, CSV or a page. */
export interface Report {
  readonly title: string // 'Audit summary'
  /** One line that says what was found: 'No resource of … was ever at sp1.' */
  readonly verdict: string
  /** What it was made from, as a name and a value each. */
  readonly scope: Readonly<Record<string, Cell>>
  /** The first is what the report is about; CSV prints one of them only. */
  readonly sections: readonly Section[]
  readonly charts: readonly Chart[]
  /** What the reader must know before believing the rest: gaps, a history without its beginning. */
  readonly caveats: readonly string[]
}

export interface Section {
  readonly name: string // 'silences': for `--section`, and in every JSON line
  readonly title: string
  /** What the rows mean, where the title does not say it. */
  readonly note?: string
  readonly columns: readonly string[]
  readonly rows: readonly Cells[]
}

export type Cell = string | number | boolean | ResourceKey | null
export type Cells = Readonly<Record<string, Cell>>

/** What can be drawn. Times are microseconds. */
export type Chart = Course | Flows | Strip | Grid | Spans

interface Titled {
  readonly title: string
  readonly note: string
}

/** How many there were of something, in each of several places, at evenly spaced times. */
export interface Course extends Titled {
  readonly kind: 'course'
  readonly from: number
  readonly until: number
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
}

/** How much went from where to where. */
export interface Flows extends Titled {
  readonly kind: 'flows'
  readonly flows: readonly {
    readonly from: string
    readonly to: string
    readonly count: number
  }[]
}

/** When something spoke, in lanes, and when it did not. */
export interface Strip extends Titled {
  readonly kind: 'strip'
  readonly from: number
  readonly until: number
  readonly lanes: readonly {
    readonly name: string
    readonly counts: readonly number[] // evenly spaced
    readonly marks: readonly Mark[]
  }[]
}

export interface Mark {
  readonly from: number
  readonly until: number
  readonly what: 'silence' | 'gap'
  readonly says: string
}

/** How many there are at each crossing of two names. */
export interface Grid extends Titled {
  readonly kind: 'grid'
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  readonly counts: readonly (readonly number[])[]
}

/** From when to when things were somewhere: one lane a thing. */
export interface Spans extends Titled {
  readonly kind: 'spans'
  readonly from: number
  readonly until: number
  readonly lanes: readonly {
    readonly name: string
    readonly spans: readonly {
      readonly from: number
      readonly until: number | null // null: it lasts
      readonly group: string // what its colour stands for
      readonly says: string
    }[]
  }[]
}
