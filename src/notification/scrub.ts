/** Names of what is withheld, wherever in a key or a word they stand: `adminPass`, `X-Auth-Token`. */
export const SECRET_NAME = /pass|secret|token|cred|key|authorization|hmac/i

/**
 * Text without what looks like a secret in it: tokens, the credentials of URLs, and the value of
 * whatever has a secret's name (`password=…`, `'password': '…'`, JSON within JSON with its escaped
 * quotes). Takes too much rather than too little. Every pattern below is linear in the length of
 * the text, for it comes from somebody else's cloud: a word is looked at from its beginning alone.
 */
export function scrub(text: string): string {
  if (!SUSPICIOUS.test(text)) return text
  return text
    .replace(TOKEN, '***')
    .replace(URL_REST, withoutCredentials)
    .replace(QUOTED_VALUE, '$<name>$<quote>***')
    .replace(PAIRED_VALUE, '$<name>$<quote>***')
    .replace(NESTED_VALUE, '$<name>$<bracket>***')
    .replace(BARE_VALUE, '$<name>***')
}

/**
 * The redacted beginning of a text that could not be read, for the log.
 *
 * @param most characters
 */
export function excerpt(text: string, most: number): string {
  // a secret across the cut is seen only if some of what follows is looked at as well
  return scrub(text.slice(0, most + LONGEST_SECRET)).slice(0, most)
}

const LONGEST_SECRET = 16 * 1024

/** One look decides for nearly every text of a message that there is nothing to do. */
const SUSPICIOUS = new RegExp(`gAAAAA|eyJ|://|${SECRET_NAME.source}`, 'i')

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
