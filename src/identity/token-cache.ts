import { MixmatchError } from '../errors.js'

/** Something worth keeping, and until when at most (milliseconds since 1970). */
export interface Kept<Value> {
  readonly value: Value
  readonly untilMs: number
}

export interface TokenCacheOptions {
  /** How many values are kept at most; those least recently asked for go first. */
  readonly capacity: number
  /** Nothing is kept longer. 0 keeps nothing, but what is asked at the same time is still shared. */
  readonly cacheSeconds: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of every question: a hit is answered from here, a miss waits for a fetch. */
  readonly onLookup?: (result: 'hit' | 'miss') => void
}

interface Entry<Value> extends Kept<Value> {
  readonly sinceMs: number
}

/** What was fetched so recently would be fetched the same again. */
const FRESH_MS = 5_000
const REFUSAL_MS = 5_000
const OUTAGE_MS = 1_000
const outages = ['IDENTITY_UNAVAILABLE', 'SERVICE_PROVIDER_UNREACHABLE', 'SERVICE_PROVIDER_TIMEOUT']

/**
 * Values that live no longer than a token, by digest of the token. While one is being fetched,
 * everybody who asks for it waits for the same fetch. A refusal is remembered for seconds, apart
 * from the values, so that guessing tokens pushes no good one out.
 */
export class TokenCache<Value> {
  readonly #options: TokenCacheOptions
  readonly #values = new Map<string, Entry<Value>>()
  readonly #failures = new Map<string, Entry<MixmatchError>>()
  readonly #fetches = new Map<string, Promise<Value>>()

  constructor(options: TokenCacheOptions) {
    this.#options = options
  }

  /** @throws what `fetch` throws, and the same again for a few seconds where it was foreseen */
  async get(key: string, fetch: () => Promise<Kept<Value>>): Promise<Value> {
    const known = this.#recall(this.#values, key)
    const failure = known ? undefined : this.#recall(this.#failures, key)
    this.#options.onLookup?.(known || failure ? 'hit' : 'miss')
    if (known) return known.value
    if (failure) throw failure.value
    const underWay = this.#fetches.get(key)
    if (underWay) return underWay

    const started = this.#fetch(key, fetch).finally(() => this.#fetches.delete(key))
    this.#fetches.set(key, started)
    return started
  }

  /**
   * Forget a value that proved stale, unless it was fetched only just now: another fetch would
   * change nothing, and a cloud that refuses everything must not be asked for a token each time.
   *
   * @returns what is forgotten; undefined where nothing is
   */
  drop(key: string): Value | undefined {
    const entry = this.#values.get(key)
    if (entry && this.#options.now() - entry.sinceMs < FRESH_MS) return undefined
    this.#values.delete(key)
    return entry?.value
  }

  async #fetch(key: string, fetch: () => Promise<Kept<Value>>): Promise<Value> {
    try {
      const kept = await fetch()
      this.#keep(this.#values, key, kept)
      return kept.value
    } catch (error) {
      if (error instanceof MixmatchError) {
        const forMs = outages.includes(error.code) ? OUTAGE_MS : REFUSAL_MS
        const untilMs = this.#options.now() + forMs
        this.#keep(this.#failures, key, { value: error, untilMs })
      }
      throw error
    }
  }

  #keep<Kind>(
    entries: Map<string, Entry<Kind>>,
    key: string,
    { value, untilMs }: Kept<Kind>,
  ): void {
    const { capacity, cacheSeconds, now } = this.#options
    const sinceMs = now()
    const endMs = Math.min(untilMs, sinceMs + cacheSeconds * 1000)
    if (endMs <= sinceMs) return
    entries.delete(key)
    entries.set(key, { value, untilMs: endMs, sinceMs })
    if (entries.size <= capacity) return
    const [oldest] = entries.keys()
    if (oldest !== undefined) entries.delete(oldest)
  }

  /** The entry, if it has not ended, moved to where it is dropped last. */
  #recall<Kind>(entries: Map<string, Entry<Kind>>, key: string): Entry<Kind> | undefined {
    const entry = entries.get(key)
    if (!entry) return undefined
    entries.delete(key)
    if (entry.untilMs <= this.#options.now()) return undefined
    entries.set(key, entry)
    return entry
  }
}
