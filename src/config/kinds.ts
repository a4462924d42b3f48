import { isIP } from 'node:net'
import * as z from 'zod'
import { maskStreamUrl, parseStreamUrl } from '../bus/stream-url.js'
import { maskTransportUrl, parseTransportUrl } from '../bus/transport-url.js'
import { MixmatchError } from '../errors.js'
import { type SpName, spName } from '../ids.js'
import { unquote } from './oslo-ini.js'

/** A type of option values: how their text is read. */
export interface Kind<T> {
  /** Text for "expected …": `a port from 0 to 65535`. */
  readonly expected: string
  readonly schema: z.ZodType<T>
  /** Splits the text of a list into its items. Each item may be quoted, or on a line of its own. */
  readonly items?: (text: string) => readonly string[]
  /** Why a text is rejected, without its secrets; null if it is valid, or if `expected` is enough. */
  readonly explain?: (text: string) => string | null
  /** Shows a secret without its passwords. Without this function a secret is never shown. */
  readonly mask?: (text: string) => string
}

const kind = <T>(expected: string, schema: z.ZodType<T>): Kind<T> => ({ expected, schema })

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)

export const text = kind('a line of text', z.string().regex(/^.+$/))

export const sharedSecret = kind(
  'at least 32 letters and digits, which nobody can guess',
  z.string().regex(/^[a-z\d]{32,}$/i),
)

/** The words of oslo.config's `types.Boolean`, in upper or lower case. */
export const flag = kind(
  'true or false (or yes, no, on, off, 1, 0)',
  z.stringbool({ truthy: ['true', '1', 'on', 'yes'], falsy: ['false', '0', 'off', 'no'] }),
)

export const port = kind('a port from 0 to 65535', wholeNumber.pipe(z.int().max(65535)))

export const wholeSeconds = kind('a whole number of seconds', wholeNumber)

/** The limit of Node's timers. A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647

/** The value is in milliseconds. */
export const seconds = kind(
  'a number of seconds above 0, up to 2147483, such as 60 or 0.5',
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,3})?$/)
    .transform(written => Math.round(Number(written) * 1000))
    .pipe(z.int().positive().max(LONGEST_TIMER_MS)),
)

/** RabbitMQ's `x-expires` has 32 bits of milliseconds. The value is in milliseconds, null for 0. */
export const expirySeconds = kind(
  'a whole number of seconds up to 4294967, 0 for never',
  wholeNumber.pipe(z.int().max(4294967)).transform(value => (value === 0 ? null : value * 1000)),
)

/** 0 means no limit. Then the value is null. */
export const limit = kind(
  'a whole number, 0 for no limit',
  wholeNumber.transform(value => (value === 0 ? null : value)),
)

export const workerCount = kind(
  'a number from 1 to 1024, or auto',
  z.union([z.literal('auto'), wholeNumber.pipe(z.int().min(1).max(1024))]),
)

/** A host name or address to listen on. */
export const listenHost = kind(
  'a host name or an IP address without brackets or port',
  z.string().refine(host => isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)),
)

/** Without a slash at the end. */
export const httpUrl = kind(
  'an http or https URL without credentials, query or fragment',
  z.string().refine(isPlainHttpUrl).transform(withoutSlash),
)

/** Paths of the Keystone API that people wrongly use as the URL of Keystone. v2.0 was removed in 2017. */
const INSIDE_KEYSTONE = /(\/auth)?\/tokens\/?$|\/v2\.0(\/.*)?$/

/** A Keystone, without a slash at the end. */
export const keystoneUrl: Kind<string> = {
  expected: httpUrl.expected,
  schema: httpUrl.schema.refine(url => whyNoKeystone(url) === null),
  explain: whyNoKeystone,
}

function whyNoKeystone(url: string): string | null {
  const [inside] = isPlainHttpUrl(url) ? (INSIDE_KEYSTONE.exec(new URL(url).pathname) ?? []) : []
  return inside === undefined
    ? null
    : `expected a Keystone such as https://keystone.example.org:5000/v3, found "${url}": leave ${inside} away`
}

const VERSION_AT_END = /\/v\d+(\.\d+)?(\/.*)?$|\/tokens\/?$/

/** The URL of a service, without a slash at the end. Version and project come from the request. */
export const endpoint = kind(
  'an http or https URL without credentials and without a version such as /v3 at its end',
  z
    .string()
    .refine(url => isPlainHttpUrl(url) && !VERSION_AT_END.test(new URL(url).pathname))
    .transform(withoutSlash),
)

/** The value is the text itself, after it was checked. */
const transportUrl: Kind<string> = {
  expected: 'a transport URL such as rabbit://user:password@host:5672/ or file:///path.ndjson',
  schema: z.string().refine(url => whyInvalid(parseTransportUrl, url) === null),
  explain: url => whyInvalid(parseTransportUrl, url),
  mask: maskTransportUrl,
}

/** The value is the text itself, after it was checked. */
export const streamUrl: Kind<string> = {
  expected: 'the URL of a RabbitMQ stream such as rabbit://user:password@h1,h2,h3/?name=mixmatch',
  schema: z.string().refine(url => whyInvalid(parseStreamUrl, url) === null),
  explain: url => whyInvalid(parseStreamUrl, url),
  mask: maskStreamUrl,
}

/** Several transport URLs. A comma separates two URLs if a URL or the end follows; otherwise it separates hosts. */
export const transportUrls = listOf(transportUrl, {
  separator: /\n|,(?=\s*\w+:\/\/|[ \t]*$)/m,
  keepsRepeated: true,
})

/** The value is the path, relative to the working directory unless it begins with a slash. */
export const sqliteUrl = kind(
  'sqlite:///relative/path or sqlite:////absolute/path, because the event log is one SQLite file',
  z
    .string()
    .regex(/^sqlite:\/\/\/(?!:memory:)[^?]+$/)
    .transform(url => url.slice('sqlite:///'.length)),
)

/** One of a few words. */
export function choice<const Words extends readonly [string, string, ...string[]]>(
  words: Words,
): Kind<Words[number]> {
  return kind(describeChoices(words), z.enum(words))
}

/**
 * A list, separated by commas or line ends. It may be empty.
 *
 * @param separator for items that may contain commas
 * @param keepsRepeated whether an item that is given twice is twice in the value, so that it can be rejected
 */
export function listOf<T>(
  item: Kind<T>,
  {
    separator = /[,\n]/,
    keepsRepeated = false,
  }: { separator?: RegExp; keepsRepeated?: boolean } = {},
): Kind<readonly T[]> {
  const { explain, mask } = item
  const itemsOf = (written: string) => listItems(written, separator)
  return {
    expected: `a list, each item ${item.expected}`,
    schema: z
      .string()
      .transform((written): unknown => itemsOf(written))
      .pipe(z.array(item.schema).transform(items => (keepsRepeated ? items : [...new Set(items)]))),
    items: itemsOf,
    ...(explain && { explain: written => firstOf(itemsOf(written).map(explain)) }),
    ...(mask && { mask: written => itemsOf(written).map(mask).join(', ') }),
  }
}

function firstOf(reasons: readonly (string | null)[]): string | null {
  return reasons.find(reason => reason !== null) ?? null
}

/** A name that is valid in `[sp_<name>]`, in MM-SERVICE-PROVIDER and in `name@<name>`. */
export const cloudName: Kind<SpName> = kind(
  'a name of up to 64 letters, digits, dots, hyphens and underscores',
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i)
    .transform(spName),
)

export const network = kind(
  'an IP address or a network such as 10.0.0.0/8',
  z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]),
)

export const hostAndPort = kind(
  'a host name, or host:port for that port alone',
  z.string().regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i),
)

/** An AMQP 0-9-1 short string; `amq.` belongs to the broker. */
export const queueName = kind(
  'a queue name of up to 255 bytes that does not begin with amq.',
  z.string().regex(/^(?!amq\.)[\x21-\x7e]{1,255}$/),
)

/** Split the text of a list into its items. Each item, or the whole list, may be in quotes. */
function listItems(written: string, separator: RegExp): readonly string[] {
  const whole = unquote(written)
  const quotedOnce = whole !== written && !whole.includes(written.charAt(0))
  return (quotedOnce ? whole : written)
    .split(separator)
    .map(item => unquote(item.trim()))
    .filter(item => item !== '')
}

function whyInvalid(parse: (url: string) => unknown, url: string): string | null {
  try {
    parse(url)
    return null
  } catch (error) {
    if (error instanceof MixmatchError) return error.message
    throw error
  }
}

function isPlainHttpUrl(url: string): boolean {
  if (!URL.canParse(url) || /[\s\\?#]/.test(url)) return false
  const { protocol, username, password } = new URL(url)
  return /^https?:$/.test(protocol) && /^https?:\/\//i.test(url) && username + password === ''
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

function describeChoices(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
