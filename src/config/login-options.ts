import * as kinds from './kinds.js'
import { option, optional } from './option.js'

/** Options with which Mixmatch logs in at a Keystone: its own, and that of each cloud. */

export const password = optional(
  'password',
  kinds.text,
  'Its password. A dollar sign is written $$ here; in the environment and in a file it stands for itself.',
  { secret: true, example: 'secret' },
)
export const passwordFile = (example: string) =>
  optional('password_file', kinds.text, 'A file with the password and nothing else, instead.', {
    example,
  })
export const cafile = optional(
  'cafile',
  kinds.text,
  'PEM file with the certificates of the authorities to believe.',
  { otherwise: 'those of the system', example: '/etc/ssl/certs/cloud-ca.pem' },
)
export const insecure = option(
  'insecure',
  kinds.flag,
  'false',
  'Whether to take any certificate, and with it anybody in the place of the cloud.',
)
