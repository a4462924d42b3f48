import {
  Counter,
  type CounterConfiguration,
  Histogram,
  type HistogramConfiguration,
  type MetricValueWithName,
} from 'prom-client'

type Labels = Readonly<Record<string, string>>

/**
 * A counter whose counts are plain numbers until somebody asks for the metrics. Counting takes a tenth of a
 * microsecond, and two microseconds with prom-client, which sorts the labels each time.
 */
export class PlainCounter extends Counter<string> {
  readonly #series = new Map<string, { readonly labels: Labels; value: number }>()

  constructor(configuration: CounterConfiguration<string>) {
    super(configuration)
  }

  /** @param key names the labels: the same key always comes with the same labels */
  add(key: string, labels: Labels, count = 1): void {
    const series = this.#series.get(key)
    if (series === undefined) this.#series.set(key, { labels, value: count })
    else series.value += count
  }

  override async get() {
    return { ...(await super.get()), values: [...this.#series.values()].map(each => ({ ...each })) }
  }
}

/** The observations with one set of labels. */
interface Observations {
  readonly labels: Labels
  /** One more than there are buckets: the last is for longer observations. */
  readonly counts: number[]
  sum: number
}

/** A histogram in plain numbers, as `PlainCounter`. */
export class PlainHistogram extends Histogram<string> {
  readonly #name: string
  readonly #buckets: readonly number[]
  readonly #series = new Map<string, Observations>()

  constructor(configuration: HistogramConfiguration<string> & { readonly buckets: number[] }) {
    super(configuration)
    this.#name = configuration.name
    this.#buckets = configuration.buckets
  }

  /** @param key as in `PlainCounter.add` */
  add(key: string, labels: Labels, value: number): void {
    let series = this.#series.get(key)
    if (series === undefined) {
      const counts = Array.from({ length: this.#buckets.length + 1 }, () => 0)
      series = { labels, counts, sum: 0 }
      this.#series.set(key, series)
    }
    let bucket = 0
    while (bucket < this.#buckets.length && value > (this.#buckets[bucket] ?? 0)) bucket += 1
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.sum += value
  }

  override async get() {
    const values = [...this.#series.values()].flatMap(series => this.#values(series))
    return { ...(await super.get()), values }
  }

  #values({ labels, counts, sum }: Observations): MetricValueWithName<string>[] {
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
