import { listenAmqp } from './amqp/amqp-bus.js'
import type { AmqpOptions, Bus } from './bus.js'
import { listenFile } from './file-bus.js'
import { parseTransportUrl } from './transport-url.js'

/**
 * Listen to a cloud's message bus, whatever its URL says that it is, from now until the signal.
 *
 * @throws CONFIG_INVALID where the URL cannot be read; all that goes wrong later is retried for ever
 */
export function listen(options: AmqpOptions): Bus {
  const url = parseTransportUrl(options.url)
  switch (url.kind) {
    case 'rabbit':
      return listenAmqp(url, options)
    case 'file':
      return listenFile(url.path, options)
  }
  url satisfies never
}
