import type { ResourceKey } from '../ids.js'

/** The content of a report, independent of its format: table, JSON lines, CSV or HTML page. */
export interface Report {
  readonly title: string // 'Audit summary'
  /** The result in one line: 'No resource of … was ever at sp1.' */
  readonly verdict: string
  /** What the verdict counts, with the rows behind each number. */
  readonly findings: readonly VerdictNumber[]
  /** The data it was made from, by name. */
  readonly scope: Readonly<Record<string, Cell>>
  /** The first is the main one; CSV has only one of them. */
  readonly sections: readonly Section[]
  readonly charts: readonly Chart[]
  /** Limits of the report: gaps, a history without its beginning. */
  readonly caveats: readonly Caveat[]
  /** The clouds of the history in the order of their first events: it decides their colours. */
  readonly clouds: readonly string[]
  /** The last line: the verdict with its basis and caveats, in one sentence. `addProvenance` writes it. */
  readonly conclusion?: string
}

/** A number of the verdict: '9 silences'. */
export interface VerdictNumber {
  readonly says: string
  /** The name of the section with its rows. */
  readonly section: string
  /** Whether somebody must look at it. */
  readonly isAlarming: boolean
}

/** A limit of a report. */
export interface Caveat {
  /** One or more sentences. */
  readonly text: string
  /** A part of a sentence, for the conclusion: 'the bus of sp2 was silent for 31 h'. */
  readonly brief: string
}

export interface Section {
  readonly name: string // 'silences': for `--section`, and in every JSON line
  readonly title: string
  /** Explains the rows if the title is not enough. */
  readonly note?: string
  readonly columns: readonly string[]
  readonly rows: readonly Cells[]
  /** Columns whose numbers are counts of the rows of another section, by its name. */
  readonly links?: Readonly<Record<string, string>>
}

export type Cell = string | number | boolean | ResourceKey | null
export type Cells = Readonly<Record<string, Cell>>

/** A chart on the page. Times are microseconds; all charts of a report with a time axis have the same. */
export type Chart = LineChart | FlowChart | ActivityChart | HeatMap | IntervalChart

interface Titled {
  readonly title: string
  readonly note: string
  /** The section with the rows that the chart shows, by its name; null if the report has none. */
  readonly section: string | null
}

/** Several series of counts at evenly spaced times. */
export interface LineChart extends Titled {
  readonly kind: 'line-chart'
  readonly from: number
  readonly until: number
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
  readonly marks: readonly Mark[]
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

/** Counts over time in lanes, with marks for silences and gaps. A lane is a cloud. */
export interface ActivityChart extends Titled {
  readonly kind: 'activity-chart'
  readonly from: number
  readonly until: number
  /** What is counted: 'notifications'. */
  readonly unit: string
  readonly marks: readonly Mark[]
  readonly lanes: readonly {
    readonly name: string
    readonly counts: readonly number[] // evenly spaced
  }[]
}

/** A silence or gap of a cloud, in which a chart may be wrong about it. */
export interface Mark {
  readonly cloud: string
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
  /** Drawn behind the intervals of their clouds. */
  readonly marks: readonly Mark[]
  readonly lanes: readonly {
    readonly name: string
    readonly spans: readonly {
      readonly from: number
      readonly until: number | null // null if it is not over
      readonly cloud: string // decides the colour
      readonly says: string
    }[]
  }[]
}
