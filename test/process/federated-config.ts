import type { ExecutionContext } from 'ava'
import type { Federation } from '../../sandbox/federation.js'
import { type Config, readConfig } from '../../src/config/config.js'
import { folder } from '../controls.js'

/** The configuration of a proxy for miniature clouds, whose port for operators asks for a token. */
export function configOf(
  t: ExecutionContext,
  { clouds }: Federation,
  settings: object = {},
): Config {
  const ofClouds = clouds.map(({ name, keystoneUrl }) => [
    `OS_SP_${name}__AUTH_URL`.toUpperCase(),
    keystoneUrl,
  ])
  const env = {
    OS_DEFAULT__SERVICE_PROVIDERS: clouds.map(({ name }) => name).join(', '),
    OS_AUTH__AUTH_URL: clouds[0]?.keystoneUrl,
    OS_SP_DEFAULT__IMAGE_ENDPOINT: clouds[0]?.imageUrl,
    OS_SP_DEFAULT__VOLUME_ENDPOINT: clouds[0]?.volumeUrl,
    OS_OPS__AUTH: 'keystone',
    ...Object.fromEntries(ofClouds),
    ...settings,
  }
  return readConfig({ cwd: folder(t), env })
}
