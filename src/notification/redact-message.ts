import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import { memoize } from '../memoize.js'
import { isSecretName, REDACTED, redactText } from '../redaction.js'

/** The key under which a message lists what was redacted: JSON Pointers (RFC 6901) into itself. */
const REDACTED_KEY = 'mixmatch_redacted'

/** The key for the number of further places, if there are too many for the list. */
const UNLISTED_KEY = 'mixmatch_redacted_more'

/** The list must not become longer than the message. */
const MAX_PLACES = 1000
const MAX_CHARACTERS_OF_PLACES = 64 * 1024

/**
 * Remove the secrets from an oslo message. No digest of a secret is kept, because a weak password can be
 * guessed from its digest.
 *
 * - Of the request context only the keys that an audit needs are kept. The others are listed only if
 *   they contained a secret, because every message of Cinder has a dozen useless ones.
 * - Values are replaced by `***` if their key names a secret, or is known to carry credentials under a
 *   harmless name. So are tokens, `user:password@` and `password=…` in any text and any key.
 *
 * @param checkTime called for each value; may throw to end it
 * @returns the same object if nothing was redacted
 */
export function redactMessage(message: JsonObject, checkTime: () => void = () => {}): JsonObject {
  const walk = beginWalk(checkTime)
  const clean = redactObject(shortenContext(message, walk), walk)
  const { places, unlisted } = walk.findings
  if (places.size === 0 && unlisted === 0) return clean
  return {
    ...clean,
    [REDACTED_KEY]: [...places],
    ...(unlisted > 0 && { [UNLISTED_KEY]: unlisted }),
  }
}

/** As `redactMessage`, for any JSON value. */
export function redactValue(value: JsonValue, checkTime: () => void = () => {}): JsonValue {
  return isJsonObject(value) ? redactMessage(value, checkTime) : redact(value, beginWalk(checkTime))
}

/** The state of one pass over a value. */
interface Walk {
  /** The keys that lead to the current value. */
  readonly at: string[]
  readonly findings: Findings
  readonly checkTime: () => void
}

interface Findings {
  readonly places: Set<string>
  /** The total length of all places. */
  characters: number
  unlisted: number
}

function beginWalk(checkTime: () => void): Walk {
  return { at: [], findings: { places: new Set(), characters: 0, unlisted: 0 }, checkTime }
}

/**
 * The keys of the request context that are kept, named as in oslo.context's `to_dict`. Before
 * oslo.messaging 14.4.0 services sent their whole context with every notification: a valid token, the
 * service catalog, the roles.
 */
const CONTEXT_KEPT = new Set([
  'user_id',
  'user',
  'tenant',
  'project_id',
  'project_domain',
  'user_domain',
  'domain',
  'request_id',
  'global_request_id',
  'is_admin',
  'roles',
  'timestamp',
])

/** The context is flattened into keys `_context_…` on RabbitMQ, and is one object on Kafka. */
function shortenContext(message: JsonObject, walk: Walk): JsonObject {
  const isDropped = (key: string) =>
    key.startsWith('_context_') && !CONTEXT_KEPT.has(key.slice('_context_'.length))
  const clean = omit(message, isDropped, walk)
  const context = clean['_context']
  if (!isJsonObject(context)) return clean

  walk.at.push('_context')
  const kept = omit(context, key => !CONTEXT_KEPT.has(key), walk)
  walk.at.pop()
  return kept === context ? clean : { ...clean, _context: kept }
}

/** Drop keys. Their values are redacted first, only to know whether they contained a secret. */
function omit(object: JsonObject, isDropped: (key: string) => boolean, walk: Walk): JsonObject {
  const kept: Record<string, JsonValue> = {}
  let isShorter = false
  for (const key of Object.keys(object)) {
    const value = object[key] ?? null
    if (!isDropped(key)) assign(kept, key, value)
    else {
      isShorter = true
      if (redactEntry(key, value, beginWalk(walk.checkTime)) !== value) addPlace(walk, key)
    }
  }
  return isShorter ? kept : object
}

/**
 * Keys whose whole value is redacted: how a hypervisor connects to a volume (CHAP), the location of an
 * image in a store (with credentials or a signed URL), the user data of an instance, the catalog.
 */
const WITHHELD = new Set([
  'connection_info',
  'connector',
  'provider_auth',
  'replication_driver_data',
  'location',
  'locations',
  'direct_url',
  'url',
  'copy_from',
  'import_from',
  'user_data',
  'service_catalog',
  '_context_service_catalog',
])

// Messages have the same few hundred keys again and again. Without the memos, keys took a fifth of the time of reading.
const isWithheld = memoize(name => WITHHELD.has(name) || isSecretName(name))
const redactKey = memoize(redactText)

/** Deeper than any notification, and far below the depth at which the stack overflows. */
const MAX_DEPTH = 64

function redact(value: JsonValue, walk: Walk): JsonValue {
  walk.checkTime()
  if (typeof value === 'string') {
    const clean = redactText(value)
    if (clean !== value) addPlace(walk)
    return clean
  }
  if (typeof value !== 'object' || value === null) return value
  if (walk.at.length > MAX_DEPTH) {
    addPlace(walk)
    return REDACTED
  }
  if (Array.isArray(value)) return redactArray(value, walk)
  return isJsonObject(value) ? redactObject(value, walk) : value
}

function redactArray(values: readonly JsonValue[], walk: Walk): readonly JsonValue[] {
  let clean: JsonValue[] | null = null
  for (const [index, value] of values.entries()) {
    walk.at.push(String(index))
    const redacted = redact(value, walk)
    walk.at.pop()
    if (redacted === value) continue
    clean ??= [...values]
    clean[index] = redacted
  }
  return clean ?? values
}

function redactObject(object: JsonObject, walk: Walk): JsonObject {
  let clean: Record<string, JsonValue> | null = null
  const nameOf = createKeyNamer(object)
  const keys = Object.keys(object)
  for (const [index, key] of keys.entries()) {
    const cleanKey = redactKey(key)
    walk.at.push(cleanKey)
    const given = object[key] ?? null
    const value = redactEntry(nameOf(key), given, walk)
    if (cleanKey !== key) addPlace(walk)
    walk.at.pop()
    if (value !== given || cleanKey !== key) clean ??= pick(object, keys.slice(0, index))
    if (clean) assign(clean, cleanKey, value)
  }
  return clean ?? object
}

/** Assigns key by key: JSON.stringify takes twice as long for an object of Object.fromEntries. */
function pick(object: JsonObject, keys: readonly string[]): Record<string, JsonValue> {
  const picked: Record<string, JsonValue> = {}
  for (const key of keys) assign(picked, key, object[key] ?? null)
  return picked
}

/** Assign a key, also `__proto__`, for which an assignment would set the prototype. */
function assign(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true })
  else object[key] = value
}

/** Cinder also sends maps as lists of `{"key": name, "value": …}`: the name of `value` is in `key`. */
function createKeyNamer(object: JsonObject): (key: string) => string {
  const name = object['key']
  if (typeof name !== 'string' || !('value' in object)) return key => key
  return key => (key === 'value' ? name : key === 'key' ? '' : key)
}

function redactEntry(name: string, value: JsonValue, walk: Walk): JsonValue {
  if (!isWithheld(name)) return redact(value, walk)
  if (isWithoutContent(value)) return value
  addPlace(walk)
  return REDACTED
}

function isWithoutContent(value: JsonValue): boolean {
  if (typeof value !== 'object')
    return value === '' || value === REDACTED || value === true || value === false
  return value === null || Object.keys(value).length === 0
}

/** List the current place, or count it if the list is full. */
function addPlace({ at, findings }: Walk, ...further: readonly string[]): void {
  const isFull =
    findings.places.size >= MAX_PLACES || findings.characters >= MAX_CHARACTERS_OF_PLACES
  if (isFull) {
    findings.unlisted += 1
    return
  }
  const place = pointerTo([...at, ...further])
  findings.characters += place.length
  // a place that is too long makes the list full, so that no more long texts are built
  if (findings.characters > MAX_CHARACTERS_OF_PLACES) findings.unlisted += 1
  else findings.places.add(place)
}

/** RFC 6901 section 3. */
function pointerTo(keys: readonly string[]): string {
  return keys.map(key => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
