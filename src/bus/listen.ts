import { listenToAmqp } from './amqp/amqp-bus.js'
import type { AmqpOptions, Bus } from './bus.js'
import { listenToFile } from './file-bus.js'
import { parseTransportUrl } from './transport-url.js'

/**
 * Consume the messages of a bus until the signal. The kind of bus depends on the URL. Failures are always
 * retried.
 *
 * @throws CONFIG_INVALID if the URL cannot be read
 */
export function listenToBus(options: AmqpOptions): Bus {
  const url = parseTransportUrl(options.url)
  switch (url.kind) {
    case 'rabbit':
      return listenToAmqp(url, options)
    case 'file':
      return listenToFile(url.path, options)
  }
  url satisfies never
}
