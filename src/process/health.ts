import { existsSync } from 'node:fs'
import type { Health } from '../http/healthcheck.js'

/**
 * Tell whether a process should get requests, for `/healthcheck`.
 *
 * @param reasons why it should not: `draining`
 * @param disableFile `[DEFAULT] healthcheck_disable_file`
 */
export function healthOf(reasons: readonly string[], disableFile: string | null): Health {
  // The text is that of oslo.middleware: some operators search for it.
  const disabled = disableFile !== null && existsSync(disableFile) ? ['DISABLED BY FILE'] : []
  const all = [...reasons, ...disabled]
  return { healthy: all.length === 0, reasons: all }
}
