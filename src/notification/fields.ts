import { isJsonObject, type JsonObject } from '../json.js'

/** The object under a key; an empty one where there is something else, or nothing. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return isJsonObject(value) ? value : {}
}

/** The text under a key, if it is one that names something: not empty, and at most 255 characters. */
export function nameAt(object: JsonObject, key: string): string | null {
  const value = object[key]
  return typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS
    ? wellFormed(value)
    : null
}

/** JSON can spell half of a surrogate pair, which UTF-8 cannot: what is stored must read back the same. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** As many as a name of RabbitMQ can have, and as a column of Cinder or Glance has. */
const MOST_CHARACTERS = 255
