/** What stands where a secret stood. */
export const REDACTED = '***'

/**
 * What the name of a secret has in it, wherever it stands: `adminPass`, `X-Auth-Token`,
 * `temp_url_signature`. A `sort_key` is none, nor what Glance and Cinder say of the signature of an
 * image (`img_signature`, `signature_verified`).
 */
const SECRET_NAME =
  /pass|secret|token|cred|(?<!sort_)key|authorization|hmac|(?<!img_)signature(?!_)/i

/** Whether a key of an object, a header or a parameter of a query is the name of a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/**
 * Text without what looks like a secret in it: tokens, the credentials of URLs, and the value of
 * whatever has a secret's name (`password=…`, `'password': '…'`, JSON within JSON with its escaped
 * quotes). Takes too much rather than too little. Every pattern below is linear in the length of
 * the text, because it may come from somebody else's cloud: a word is read from its beginning only.
 */
export function redactText(text: string): string {
  if (!isSuspicious(text)) return text
  return text
    .replace(TOKEN, REDACTED)
    .replace(URL_REST, withoutCredentials)
    .replace(QUOTED_VALUE, '$<name>$<quote>***')
    .replace(PAIRED_VALUE, '$<name>$<quote>***')
    .replace(NESTED_VALUE, '$<name>$<bracket>***')
    .replace(BARE_VALUE, '$<name>***')
}

/**
 * The beginning of a text, redacted.
 *
 * @param length characters at most
 */
export function redactedExcerpt(text: string, length: number): string {
  // a secret across the cut is seen only if some of what follows is read as well
  return redactText(text.slice(0, length + LONGEST_SECRET)).slice(0, length)
}

const LONGEST_SECRET = 16 * 1024

/**
 * The path and query of a URL as they may be written down: segments and values that hold a secret,
 * and the values of parameters with a secret's name, become `***`. Percent-encoding hides nothing.
 */
export function redactPath(pathAndQuery: string): string {
  if (!pathAndQuery.includes('%') && !isSuspicious(pathAndQuery)) return pathAndQuery
  const [path = '', ...queries] = pathAndQuery.split('?')
  // the credentials of a URL (`http://user:pa/ss@host`) are only found in one piece
  const whole = path.includes('://') ? redactText(path) : path
  const segments = whole.split('/').map(redactPart)
  return [segments.join('/'), ...queries.map(redactQuery)].join('?')
}

function redactQuery(query: string): string {
  return query
    .split('&')
    .map(parameter => {
      const at = parameter.indexOf('=')
      if (at === -1) return redactPart(parameter)
      const name = parameter.slice(0, at)
      const isSecret = isSecretName(percentDecoded(name))
      return `${redactPart(name)}=${isSecret ? REDACTED : redactPart(parameter.slice(at + 1))}`
    })
    .join('&')
}

function redactPart(part: string): string {
  const decoded = percentDecoded(part)
  return redactText(decoded) === decoded ? part : REDACTED
}

/** Never throws, unlike `decodeURIComponent`; of what is not ASCII a byte for a character is enough. */
function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** One look decides for nearly every text of a message that there is nothing to do. */
function isSuspicious(text: string): boolean {
  return TOKEN_BEGIN.test(text) || (ASSIGNMENT.test(text) && NAME_OR_URL.test(text))
}

const TOKEN_BEGIN = /gAAAAA|eyJ/
/** What stands between a name and its value. */
const ASSIGNMENT = /[:=]/
const NAME_OR_URL = new RegExp(`://|${SECRET_NAME.source}`, 'i')

/** Fernet (a version byte 0x80 and a time, hence the five A), or JWS and whatever else is base64 of `{"`. */
const TOKEN = /gAAAAA[\w-]{10,}(?:=|%3D)*|eyJ[\w-]{10,}={0,2}(?:\.[\w-]+={0,2})*/g

const URL_REST = /:\/\/[^\s"'<>]+/g

/** `://user:pa/ss@host` as well: the last `@` ends the credentials, whatever stands before it. */
function withoutCredentials(rest: string): string {
  const at = rest.lastIndexOf('@')
  return at > 0 && rest.slice(3, at).includes(':') ? `://***${rest.slice(at)}` : rest
}

/** A word that has a secret's name in it, the quote that ends it, and what leads to the value. */
const NAME = String.raw`(?<![\w.-])(?=[\w.-]*?(?:${SECRET_NAME.source}))[\w.-]+\\*["']?\s{0,8}[:=]\s{0,8}`

/** From a quote to the same quote with no more backslashes before it; else to the end. */
const QUOTED = String.raw`(?<quote>\\*["'])(?:(?!(?<!\\)\k<quote>)[\s\S])+`

const QUOTED_VALUE = new RegExp(`(?<name>${NAME}u?)${QUOTED}`, 'gi')

/** `{'key': '***', 'value': '…'}`, as the pattern before it leaves what was `'key': 'password'`. */
const PAIRED_VALUE = new RegExp(
  String.raw`(?<name>\*\*\*\\*["'],\s{0,8}u?\\*["']value\\*["']\s{0,8}:\s{0,8}u?)${QUOTED}`,
  'gi',
)

/** `"credentials": ["…", "…"]`, up to the first bracket that closes. */
const NESTED_VALUE = new RegExp(String.raw`(?<name>${NAME})(?<bracket>[[{])(?!\*\*\*)[^\]}]+`, 'gi')

const BARE_VALUE = new RegExp(
  String.raw`(?<name>${NAME})(?:(?:bearer|basic)\s{1,8})?(?!u["']|\*\*\*|(?:null|none|true|false)\b)[^\s"'\\,;&<>()[\]{}]+`,
  'gi',
)
