import { isJsonObject, type JsonObject } from '../json.js'
import { redactText } from '../redaction.js'

/** The object under a key; an empty one if there is none. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return isJsonObject(value) ? value : {}
}

/**
 * The text under a key if it can be a name: not empty, at most 255 characters, and without a token or
 * another secret, because names are stored as they are; else null.
 */
export function nameAt(object: JsonObject, key: string): string | null {
  const value = object[key]
  if (typeof value !== 'string' || value === '' || value.length > MAX_CHARACTERS) return null
  return redactText(value) === value ? toWellFormed(value) : null
}

/** Replace half surrogate pairs: JSON can contain them, and they cannot be stored as UTF-8. */
function toWellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** The limit of names in RabbitMQ, and of columns in Cinder and Glance. */
const MAX_CHARACTERS = 255
