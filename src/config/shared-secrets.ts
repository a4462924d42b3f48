import type { Config } from './config.js'

/** Secrets that only the nodes of a deployment know. */
export function sharedSecrets({
  auth,
  clouds,
}: Pick<Config, 'auth' | 'clouds'>): readonly string[] {
  if (auth.credentials) return [auth.credentials.password.reveal()]
  return clouds.flatMap(({ messagebuses }) => messagebuses)
}
