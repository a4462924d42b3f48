import type { ResourceKey } from '../ids.js'

/** The content of a report, independent of its format: table, JSON lines, CSV or HTML page. */
export interface Report {
  readonly title: string // 'Audit summary'
  /** The result in one line: 'No resource of … was ever at sp1.' */
  readonly verdict: string
  /** The data it was made from, by name. */
  readonly scope: Readonly<Record<string, Cell>>
  /** The first is the main one; CSV has only one of them. */
  readonly sections: readonly Section[]
  readonly charts: readonly Chart[]
  /** Limits of the report: gaps, a history without its beginning. */
  readonly caveats: readonly string[]
}

export interface Section {
  readonly name: string // 'silences': for `--section`, and in every JSON line
  readonly title: string
  /** Explains the rows if the title is not enough. */
  readonly note?: string
  readonly columns: readonly string[]
  readonly rows: readonly Cells[]
}

export type Cell = string | number | boolean | ResourceKey | null
export type Cells = Readonly<Record<string, Cell>>

/** A chart on the page. Times are microseconds. */
export type Chart = LineChart | FlowChart | ActivityChart | HeatMap | IntervalChart

interface Titled {
  readonly title: string
  readonly note: string
}

/** Several series of counts at evenly spaced times. */
export interface LineChart extends Titled {
  readonly kind: 'line-chart'
  readonly from: number
  readonly until: number
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
}

/** Counts of moves from one name to another. */
export interface FlowChart extends Titled {
  readonly kind: 'flow-chart'
  readonly flows: readonly {
    readonly from: string
    readonly to: string
    readonly count: number
  }[]
}

/** Counts over time in lanes, with marks for silences and gaps. */
export interface ActivityChart extends Titled {
  readonly kind: 'activity-chart'
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

/** A table of counts, shown as colours. */
export interface HeatMap extends Titled {
  readonly kind: 'heat-map'
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  readonly counts: readonly (readonly number[])[]
}

/** Time intervals in lanes. */
export interface IntervalChart extends Titled {
  readonly kind: 'interval-chart'
  readonly from: number
  readonly until: number
  readonly lanes: readonly {
    readonly name: string
    readonly spans: readonly {
      readonly from: number
      readonly until: number | null // null if it is not over
      readonly group: string // decides the colour
      readonly says: string
    }[]
  }[]
}
