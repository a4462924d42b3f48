import { MixmatchError } from '../errors.js'
import { maskTransportUrl, nameOfBus, parseTransportUrl, type RabbitUrl } from './transport-url.js'

/** A RabbitMQ stream: the brokers that have it, and its name in their virtual host. */
export interface StreamUrl extends RabbitUrl {
  readonly name: string
}

/** The name of a stream whose URL has none. */
const DEFAULT_NAME = 'mixmatch'

/**
 * Read `rabbit://user:password@h1,h2,h3/vhost?name=mixmatch`: a transport URL (`parseTransportUrl`) with the
 * name of the stream. Unlike there, credentials apply to all hosts that follow without any, because the hosts
 * are one cluster with one user.
 *
 * @throws CONFIG_INVALID with what was expected, and no text that may belong to a password
 */
export function parseStreamUrl(text: string): StreamUrl {
  const url = parseTransportUrl(repeatCredentials(text))
  if (url.kind !== 'rabbit') throw invalid('expected rabbit://, because only RabbitMQ has streams')
  const name = new URLSearchParams(/\?(.*)$/.exec(text)?.[1] ?? '').get('name') ?? DEFAULT_NAME
  if (!/^(?!amq\.)[\w.-]{1,200}$/.test(name)) {
    throw invalid('expected a name of up to 200 letters, digits, dots, hyphens and underscores')
  }
  return { ...url, name }
}

/** The URL without passwords: `rabbit://user:***@h1:5672/vhost?name=mixmatch`. */
export function maskStreamUrl(text: string): string {
  try {
    const { name } = parseStreamUrl(text)
    return `${maskTransportUrl(repeatCredentials(text))}?name=${name}`
  } catch {
    return maskTransportUrl(text)
  }
}

/** `mixmatch at h1:5672,h2:5672/vhost`, without credentials. */
export function nameOfStream(url: StreamUrl): string {
  return `${url.name} at ${nameOfBus(url)}`
}

/** `//user:password@h1,h2/` → `//user:password@h1,user:password@h2/` */
function repeatCredentials(text: string): string {
  return text.replace(/^([^/]*\/\/)([^/?#]*)/, (_whole, scheme: string, authority: string) => {
    let credentials = ''
    const hosts = authority.split(',').map(host => {
      const end = host.lastIndexOf('@') + 1
      if (end > 0) credentials = host.slice(0, end)
      return end > 0 ? host : `${credentials}${host}`
    })
    return `${scheme}${hosts.join(',')}`
  })
}

function invalid(what: string): MixmatchError {
  return new MixmatchError('CONFIG_INVALID', `stream URL: ${what}`)
}
