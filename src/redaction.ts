/** Replaces a secret. */
export const REDACTED = '***'

/**
 * Matches a part of each name of a secret: `adminPass`, `X-Auth-Token`, `temp_url_signature`. Exceptions
 * are `sort_key`, and the properties of Glance and Cinder for the signature of an image (`img_signature`,
 * `signature_verified`).
 */
const SECRET_NAME =
  /pass|secret|token|cred|(?<!sort_)key|authorization|hmac|(?<!img_)signature(?!_)/i

/** Whether a key of an object, a header or a query parameter names a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/**
 * Remove everything from a text that looks like a secret: tokens, the credentials in URLs, and values with
 * the name of a secret (`password=…`, `'password': '…'`, JSON in JSON with its escaped quotes). If in
 * doubt, it removes more. A cloud may send any text, so each pattern below takes time in proportion to
 * the length of the text: words are matched only from their beginning.
 */
export function redactText(text: string): string {
  if (!isSuspicious(text)) return text
  return text
    .replace(TOKEN, REDACTED)
    .replace(URL_REST, removeCredentials)
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
  // A secret that crosses the end of the excerpt is found only with some of the text after it.
  return redactText(text.slice(0, length + LONGEST_SECRET)).slice(0, length)
}

const LONGEST_SECRET = 16 * 1024

/**
 * Redact the path and query of a URL for a log: segments and values that contain a secret, also a
 * percent-encoded one, and the values of parameters with the name of a secret become `***`.
 */
export function redactPath(pathAndQuery: string): string {
  if (!pathAndQuery.includes('%') && !isSuspicious(pathAndQuery)) return pathAndQuery
  const [path = '', ...queries] = pathAndQuery.split('?')
  // The credentials of a URL (`http://user:pa/ss@host`) are found only before the path is split.
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
      const isSecret = isSecretName(decodePercent(name))
      return `${redactPart(name)}=${isSecret ? REDACTED : redactPart(parameter.slice(at + 1))}`
    })
    .join('&')
}

function redactPart(part: string): string {
  const decoded = decodePercent(part)
  return redactText(decoded) === decoded ? part : REDACTED
}

/** Never throws, unlike `decodeURIComponent`. Each byte becomes one character. */
function decodePercent(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** A quick check, because nearly all texts contain no secret. */
function isSuspicious(text: string): boolean {
  return TOKEN_BEGIN.test(text) || (ASSIGNMENT.test(text) && NAME_OR_URL.test(text))
}

const TOKEN_BEGIN = /gAAAAA|eyJ/
/** Between a name and its value. */
const ASSIGNMENT = /[:=]/
const NAME_OR_URL = new RegExp(`://|${SECRET_NAME.source}`, 'i')

/** Fernet (a version byte 0x80 and a time, hence the five A), or JWS and other base64 of `{"`. */
const TOKEN = /gAAAAA[\w-]{10,}(?:=|%3D)*|eyJ[\w-]{10,}={0,2}(?:\.[\w-]+={0,2})*/g

const URL_REST = /:\/\/[^\s"'<>]+/g

/** The last `@` ends the credentials, also in `://user:pa/ss@host`. */
function removeCredentials(rest: string): string {
  const at = rest.lastIndexOf('@')
  return at > 0 && rest.slice(3, at).includes(':') ? `://***${rest.slice(at)}` : rest
}

/** A word that contains the name of a secret, its closing quote, and the separator before the value. */
const NAME = String.raw`(?<![\w.-])(?=[\w.-]*?(?:${SECRET_NAME.source}))[\w.-]+\\*["']?\s{0,8}[:=]\s{0,8}`

/** From a quote to the same quote with the same number of backslashes; else to the end. */
const QUOTED = String.raw`(?<quote>\\*["'])(?:(?!(?<!\\)\k<quote>)[\s\S])+`

const QUOTED_VALUE = new RegExp(`(?<name>${NAME}u?)${QUOTED}`, 'gi')

/** `{'key': '***', 'value': '…'}`, the result of QUOTED_VALUE for `'key': 'password'`. */
const PAIRED_VALUE = new RegExp(
  String.raw`(?<name>\*\*\*\\*["'],\s{0,8}u?\\*["']value\\*["']\s{0,8}:\s{0,8}u?)${QUOTED}`,
  'gi',
)

/** `"credentials": ["…", "…"]`, up to the first closing bracket. */
const NESTED_VALUE = new RegExp(String.raw`(?<name>${NAME})(?<bracket>[[{])(?!\*\*\*)[^\]}]+`, 'gi')

const BARE_VALUE = new RegExp(
  String.raw`(?<name>${NAME})(?:(?:bearer|basic)\s{1,8})?(?!u["']|\*\*\*|(?:null|none|true|false)\b)[^\s"'\\,;&<>()[\]{}]+`,
  'gi',
)
