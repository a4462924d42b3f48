import {
  Counter,
  type CounterConfiguration,
  Histogram,
  type HistogramConfiguration,
  type MetricValueWithName,
} from 'prom-client'

type Labels = Readonly<Record<string, string>>

/**
 * Remember what was made for each value of a label. With several labels, one look-up after another costs less than to
 * make one key of all their values.
 */
export function byLabel<Made>(make: (value: string) => Made): (value: string) => Made {
  const known = new Map<string, Made>()
  return value => {
    const found = known.get(value)
    if (found !== undefined) return found
    const made = make(value)
    known.set(value, made)
    return made
  }
}

/** The count with one set of labels. */
interface CountedSeries {
  readonly labels: Labels
  value: number
}

/**
 * A counter whose counts are plain numbers until somebody asks for the metrics. Counting takes two microseconds with
 * prom-client, which sorts the labels each time.
 */
export class PlainCounter extends Counter<string> {
  readonly #series: CountedSeries[] = []

  constructor(configuration: CounterConfiguration<string>) {
    super(configuration)
  }

  /** Begin to count with these labels. Each set of labels may have one series only. */
  series(labels: Labels): CountedSeries {
    const series = { labels, value: 0 }
    this.#series.push(series)
    return series
  }

  override async get() {
    return { ...(await super.get()), values: this.#series.map(each => ({ ...each })) }
  }
}

/** The observations with one set of labels. */
class ObservedSeries {
  readonly labels: Labels
  /** One more than there are buckets: the last is for longer observations. */
  readonly counts: number[]
  sum = 0
  readonly #buckets: readonly number[]

  constructor(labels: Labels, buckets: readonly number[]) {
    this.labels = labels
    this.#buckets = buckets
    this.counts = Array.from({ length: buckets.length + 1 }, () => 0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#buckets.length && value > (this.#buckets[bucket] ?? 0)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += value
  }
}

/** A histogram in plain numbers, as `PlainCounter`. */
export class PlainHistogram extends Histogram<string> {
  readonly #name: string
  readonly #buckets: readonly number[]
  readonly #series: ObservedSeries[] = []

  constructor(configuration: HistogramConfiguration<string> & { readonly buckets: number[] }) {
    super(configuration)
    this.#name = configuration.name
    this.#buckets = configuration.buckets
  }

  /** Begin to observe with these labels. Each set of labels may have one series only. */
  series(labels: Labels): ObservedSeries {
    const series = new ObservedSeries(labels, this.#buckets)
    this.#series.push(series)
    return series
  }

  override async get() {
    const values = this.#series.flatMap(series => this.#values(series))
    return { ...(await super.get()), values }
  }

  #values({ labels, counts, sum }: ObservedSeries): MetricValueWithName<string>[] {
    let total = 0
    const buckets = counts.map((count, bucket) => {
      total += count
      const le = this.#buckets[bucket] ?? '+Inf'
      return { labels: { le, ...labels }, value: total, metricName: `${this.#name}_bucket` }
    })
    return [
      ...buckets,
      { labels, value: sum, metricName: `${this.#name}_sum` },
      { labels, value: total, metricName: `${this.#name}_count` },
    ]
  }
}
