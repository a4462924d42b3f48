import type { Config } from './config.js'

/** Secrets that all nodes of a deployment have in common, and nobody else knows. */
export function sharedSecrets({
  auth,
  clouds,
}: Pick<Config, 'auth' | 'clouds'>): readonly string[] {
  if (auth.credentials) return [auth.credentials.password.reveal()]
  return clouds.flatMap(({ messagebuses }) => messagebuses)
}
