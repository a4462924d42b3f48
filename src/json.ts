/** Any JSON value. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

export type JsonObject = { readonly [name: string]: JsonValue }

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/** Whether a Content-Type says that the body is JSON: `application/json`, `application/…+json`. */
export function isJsonType(contentType: string): boolean {
  return JSON_TYPE.test(contentType)
}

/** Parse a JSON text; undefined, which is never a JSON value, if the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Only for values that come from JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A JSON pointer (RFC 6901): `/volume/name`. */
export type Pointer = `/${string}`

/** The value at the pointer; undefined if there is none. Only own members count. */
export function valueAt(document: JsonValue | undefined, pointer: Pointer): JsonValue | undefined {
  const names = pointer.slice(1).split('/')
  return names.reduce((value, name) => member(value, unescaped(name)), document)
}

/** The string at the pointer; null if there is none, or another kind of value. */
export function textAt(document: JsonValue | undefined, pointer: Pointer): string | null {
  const value = valueAt(document, pointer)
  return typeof value === 'string' ? value : null
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}
