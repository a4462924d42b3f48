import { MixmatchError } from '../errors.js'

/** A value that may be cached. */
export interface Expiring<Value> {
  readonly value: Value
  /** When it expires at the latest, in milliseconds since 1970. */
  readonly untilMs: number
}

export interface TokenCacheOptions {
  /** The number of cached values. The least recently used ones are dropped first, to within a second. */
  readonly capacity: number
  /** No value is cached longer. With 0, only look-ups at the same time share a value. */
  readonly cacheSeconds: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called for every look-up: a hit is answered from the cache, a miss waits for a fetch. */
  readonly onLookup?: (result: 'hit' | 'miss') => void
}

interface Entry<Value> extends Expiring<Value> {
  readonly sinceMs: number
  /** When it was last moved behind all others. */
  movedMs: number
}

/** A value that is fresher than this would be the same after another fetch. */
const FRESH_MS = 5_000
/** A used entry moves to the end no more often: to move it takes longer than to find it. */
const MOVE_EVERY_MS = 1_000
/** How many old entries go when one comes: more than one, so that the expired ones become fewer. */
const MOST_DROPPED = 2
const REJECTION_MS = 5_000
const OUTAGE_MS = 1_000
const outages = ['IDENTITY_UNAVAILABLE', 'SERVICE_PROVIDER_UNREACHABLE', 'SERVICE_PROVIDER_TIMEOUT']

/**
 * A cache of values that expire with a token, by the digest of the token. All look-ups of one key wait for
 * the same fetch. A failed fetch is cached for some seconds, in another map, so that guessed tokens do
 * not displace valid ones.
 */
export class TokenCache<Value> {
  readonly #options: TokenCacheOptions
  readonly #values = new Map<string, Entry<Value>>()
  readonly #failures = new Map<string, Entry<MixmatchError>>()
  readonly #fetches = new Map<string, Promise<Value>>()

  constructor(options: TokenCacheOptions) {
    this.#options = options
  }

  /** The cached value; undefined if there is none that is valid. */
  find(key: string): Value | undefined {
    const known = this.#find(this.#values, key)
    if (known) this.#options.onLookup?.('hit')
    return known?.value
  }

  /** @throws what `fetch` throws; a MixmatchError is thrown again for a few seconds */
  async get(key: string, fetch: () => Promise<Expiring<Value>>): Promise<Value> {
    const known = this.#find(this.#values, key)
    const failure = known ? undefined : this.#find(this.#failures, key)
    this.#options.onLookup?.(known || failure ? 'hit' : 'miss')
    if (known) return known.value
    if (failure) throw failure.value
    const running = this.#fetches.get(key)
    if (running) return running

    const started = this.#fetch(key, fetch).finally(() => this.#fetches.delete(key))
    this.#fetches.set(key, started)
    return started
  }

  /**
   * Drop a value that a cloud rejected, unless it is fresh. Another fetch would return the same value, and
   * a cloud that rejects all tokens must not get a login for each request.
   *
   * @returns the dropped value; undefined if nothing was dropped
   */
  drop(key: string): Value | undefined {
    const entry = this.#values.get(key)
    if (entry && this.#options.now() - entry.sinceMs < FRESH_MS) return undefined
    this.#values.delete(key)
    return entry?.value
  }

  async #fetch(key: string, fetch: () => Promise<Expiring<Value>>): Promise<Value> {
    try {
      const fetched = await fetch()
      this.#store(this.#values, key, fetched)
      return fetched.value
    } catch (error) {
      if (error instanceof MixmatchError) {
        const forMs = outages.includes(error.code) ? OUTAGE_MS : REJECTION_MS
        const untilMs = this.#options.now() + forMs
        this.#store(this.#failures, key, { value: error, untilMs })
      }
      throw error
    }
  }

  #store<Kind>(
    entries: Map<string, Entry<Kind>>,
    key: string,
    { value, untilMs }: Expiring<Kind>,
  ): void {
    const { cacheSeconds, now } = this.#options
    const sinceMs = now()
    const endMs = Math.min(untilMs, sinceMs + cacheSeconds * 1000)
    if (endMs <= sinceMs) return
    entries.delete(key)
    entries.set(key, { value, untilMs: endMs, sinceMs, movedMs: sinceMs })
    this.#dropOldest(entries, sinceMs)
  }

  /** Make room, and drop what has expired: nobody may ask for it again. The oldest entries come first. */
  #dropOldest<Kind>(entries: Map<string, Entry<Kind>>, nowMs: number): void {
    let dropped = 0
    for (const [oldest, { untilMs }] of entries) {
      if (entries.size <= this.#options.capacity && untilMs > nowMs) return
      entries.delete(oldest)
      dropped += 1
      if (dropped === MOST_DROPPED) return
    }
  }

  /** Find an entry that has not expired, and mark it as used. */
  #find<Kind>(entries: Map<string, Entry<Kind>>, key: string): Entry<Kind> | undefined {
    const entry = entries.get(key)
    if (!entry) return undefined
    const nowMs = this.#options.now()
    if (entry.untilMs <= nowMs) {
      entries.delete(key)
      return undefined
    }
    if (nowMs - entry.movedMs >= MOVE_EVERY_MS) {
      entry.movedMs = nowMs
      entries.delete(key)
      entries.set(key, entry)
    }
    return entry
  }
}
