import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import { isSecretName, REDACTED, redactText } from '../redaction.js'

/** Where a redacted message says what was taken from it: JSON Pointers (RFC 6901) into itself. */
const REDACTED_KEY = 'mixmatch_redacted'

/** How many more there are, where they are too many to be listed. */
const UNLISTED_KEY = 'mixmatch_redacted_more'

/** A list of places that is longer than the message would help nobody. */
const MOST_PLACES = 1000
const MOST_CHARACTERS_OF_PLACES = 64 * 1024

/**
 * An oslo message without the secrets that services are known to put into it. No digest of a secret
 * is kept either: that of a weak password is the password, for whoever can guess.
 *
 * - Of the request context only what an audit needs stays. What is left out is listed only where it
 *   held a secret, for every message of Cinder comes with a dozen keys that are of no use.
 * - Values whose key names a secret, and the few that carry credentials under a harmless name, are
 *   replaced by `***`. So are tokens, `user:password@` and `password=…` within any text, and key.
 *
 * @param checkTime called once for each value, to throw where it has gone on for too long
 * @returns the very same object where there was nothing to take
 */
export function redactMessage(message: JsonObject, checkTime: () => void = () => {}): JsonObject {
  const walk = beginWalk(checkTime)
  const clean = redactObject(withoutContext(message, walk), walk)
  const { places, unlisted } = walk.findings
  if (places.size === 0 && unlisted === 0) return clean
  return {
    ...clean,
    [REDACTED_KEY]: [...places],
    ...(unlisted > 0 && { [UNLISTED_KEY]: unlisted }),
  }
}

/** As `redactMessage`, for any JSON value of which nothing is known. */
export function redactValue(value: JsonValue, checkTime: () => void = () => {}): JsonValue {
  return isJsonObject(value) ? redactMessage(value, checkTime) : redact(value, beginWalk(checkTime))
}

/** Where the walk is, and where it found something. */
interface Walk {
  readonly at: string[]
  readonly findings: Findings
  readonly checkTime: () => void
}

interface Findings {
  readonly places: Set<string>
  /** Of all places together. */
  characters: number
  unlisted: number
}

function beginWalk(checkTime: () => void): Walk {
  return { at: [], findings: { places: new Set(), characters: 0, unlisted: 0 }, checkTime }
}

/**
 * Before oslo.messaging 14.4.0 services sent their whole request context with every notification:
 * a living token, the service catalog, the roles. The names are those of oslo.context's `to_dict`.
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

/** The context is flattened into `_context_…` keys on RabbitMQ, and is one object on Kafka. */
function withoutContext(message: JsonObject, walk: Walk): JsonObject {
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

/** The walk over what is dropped is only to see whether it held a secret. */
function omit(object: JsonObject, isDropped: (key: string) => boolean, walk: Walk): JsonObject {
  const dropped = Object.keys(object).filter(isDropped)
  if (dropped.length === 0) return object
  for (const key of dropped) {
    const inside = beginWalk(walk.checkTime)
    if (redactEntry(key, object[key] ?? null, inside) !== object[key]) note(walk, key)
  }
  return rebuilt(
    Object.keys(object).filter(key => !isDropped(key)),
    key => [key, object[key] ?? null],
  )
}

/**
 * Keys whose whole value is withheld: how a hypervisor reaches a volume (CHAP), where an image's
 * bytes lie (a store's credentials or a signed URL), an instance's user data, the catalog.
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

/** Deeper than any notification: far beyond this a walk, and JSON.stringify, would run out of stack. */
const DEEPEST = 64

function redact(value: JsonValue, walk: Walk): JsonValue {
  walk.checkTime()
  if (typeof value === 'string') {
    const clean = redactText(value)
    if (clean !== value) note(walk)
    return clean
  }
  if (typeof value !== 'object' || value === null) return value
  if (walk.at.length > DEEPEST) {
    note(walk)
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
  const clean = new Map<string, readonly [key: string, value: JsonValue]>()
  const nameOf = naming(object)
  for (const key of Object.keys(object)) {
    const cleanKey = redactText(key)
    walk.at.push(cleanKey)
    const value = redactEntry(nameOf(key), object[key] ?? null, walk)
    if (cleanKey !== key) note(walk)
    walk.at.pop()
    if (value !== object[key] || cleanKey !== key) clean.set(key, [cleanKey, value])
  }
  if (clean.size === 0) return object
  return rebuilt(Object.keys(object), key => clean.get(key) ?? [key, object[key] ?? null])
}

/** Assigned key by key: JSON.stringify takes twice as long over what Object.fromEntries made. */
function rebuilt(
  keys: readonly string[],
  entryOf: (key: string) => readonly [key: string, value: JsonValue],
): JsonObject {
  const object: Record<string, JsonValue> = {}
  for (const [key, value] of keys.map(entryOf)) {
    // the one key that an assignment would take for something else
    if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true })
    else object[key] = value
  }
  return object
}

/** Cinder also sends maps as lists of `{"key": name, "value": …}`: there the name is what `key` says. */
function naming(object: JsonObject): (key: string) => string {
  const name = object['key']
  if (typeof name !== 'string' || !('value' in object)) return key => key
  return key => (key === 'value' ? name : key === 'key' ? '' : key)
}

function redactEntry(name: string, value: JsonValue, walk: Walk): JsonValue {
  if (!WITHHELD.has(name) && !isSecretName(name)) return redact(value, walk)
  if (saysNothing(value)) return value
  note(walk)
  return REDACTED
}

function saysNothing(value: JsonValue): boolean {
  if (typeof value !== 'object')
    return value === '' || value === REDACTED || value === true || value === false
  return value === null || Object.keys(value).length === 0
}

/** List a place, or count it where the list is full. */
function note({ at, findings }: Walk, ...further: readonly string[]): void {
  const isFull =
    findings.places.size >= MOST_PLACES || findings.characters >= MOST_CHARACTERS_OF_PLACES
  if (isFull) {
    findings.unlisted += 1
    return
  }
  const place = pointerTo([...at, ...further])
  findings.characters += place.length
  // what is too long to be listed fills the list: no further ones are made to be thrown away
  if (findings.characters > MOST_CHARACTERS_OF_PLACES) findings.unlisted += 1
  else findings.places.add(place)
}

/** RFC 6901 section 3. */
function pointerTo(keys: readonly string[]): string {
  return keys.map(key => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
