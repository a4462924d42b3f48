import * as kinds from './kinds.js'
import { optional } from './option.js'

/** The options of `[fleet]`. */
export const fleet = {
  stream: optional(
    'stream',
    kinds.streamUrl,
    'The RabbitMQ stream that all nodes of a fleet share, in the cluster of the identity provider: rabbit://user:password@h1,h2,h3/vhost?name=mixmatch. Credentials count for all hosts that follow. Without it Mixmatch is a single machine.',
    {
      secret: true,
      restarts: true,
      example: 'rabbit://mixmatch:secret@rabbit1,rabbit2,rabbit3/?name=mixmatch',
    },
  ),
}
