/** Any value that JSON can spell. */
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

/** The value that a text spells; undefined, which JSON cannot spell, where the text is no JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** For values that came out of JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A place in a JSON document as RFC 6901 writes it: `/volume/name`. */
export type Pointer = `/${string}`

/** What stands at the pointer, `undefined` where nothing does. Only own members count. */
export function valueAt(document: JsonValue | undefined, pointer: Pointer): JsonValue | undefined {
  const names = pointer.slice(1).split('/')
  return names.reduce((value, name) => member(value, unescaped(name)), document)
}

/** The text that stands at the pointer; null where nothing or anything else does. */
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
