import { encodeQuery } from '../../http-client/url-encoding.js'

/** The decoded values of a parameter, in the order of a raw query (`?a=1&b=2`, or empty). */
export function valuesOf(query: string, name: string): readonly string[] {
  return parametersIn(query)
    .filter(parameter => nameOf(parameter) === name)
    .map(parameter => decoded(parameter.slice(parameter.indexOf('=') + 1 || parameter.length)))
}

/**
 * The query with some parameters replaced, or removed if they are null. Every other byte stays, because
 * clouds may read repeated names and odd encodings in their own way.
 */
export function withParameters(
  query: string,
  changes: Readonly<Record<string, string | null>>,
): string {
  const kept = parametersIn(query).filter(parameter => !Object.hasOwn(changes, nameOf(parameter)))
  const added = encodeQuery(changes)
  const all = added === '' ? kept : [...kept, added]
  return all.length === 0 ? '' : `?${all.join('&')}`
}

function parametersIn(query: string): readonly string[] {
  return query
    .slice(1)
    .split('&')
    .filter(parameter => parameter !== '')
}

function nameOf(parameter: string): string {
  return decoded(parameter.replace(/=.*$/s, ''))
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced // not UTF-8: the cloud decides how to read it
  }
}
