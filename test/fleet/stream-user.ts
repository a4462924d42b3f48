import type { BrokerUser } from './broker-files.js'

/** The name of the stream, in a virtual host of its own. */
export const STREAM = 'mixmatch'
export const STREAM_VHOST = 'mixmatch'

/** The user of the stream with the permissions of docs/fleet.md. */
export const STREAM_USER: BrokerUser = {
  name: 'mixmatch',
  password: 'mixmatch-secret',
  vhost: STREAM_VHOST,
  configure: `^${STREAM}$`,
  write: '^amq\\.default$', // a message is published to a queue by way of the default exchange
  read: `^${STREAM}$`,
}
