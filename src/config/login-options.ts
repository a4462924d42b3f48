import * as kinds from './kinds.js'
import { option, optional } from './option.js'

/** The options for the login of Mixmatch at a Keystone: in `[auth]`, and for each cloud. */

export const password = optional(
  'password',
  kinds.text,
  'Its password. Write $$ for a dollar sign here, but a plain $ in the environment and in password_file.',
  { secret: true, example: 'secret' },
)
export const passwordFile = (example: string) =>
  optional('password_file', kinds.text, 'A file that contains only the password, to use instead.', {
    example,
  })
export const cafile = optional(
  'cafile',
  kinds.text,
  'PEM file with the certificates of trusted authorities.',
  { otherwise: 'those of the system', example: '/etc/ssl/certs/cloud-ca.pem' },
)
export const insecure = option(
  'insecure',
  kinds.flag,
  'false',
  'Whether to accept any certificate. Then anybody can impersonate the cloud.',
)
