import * as z from 'zod'
import type { Config } from '../config/config.js'
import { type FleetReport, fleetReport } from '../fleet/fleet-report.js'
import type { ConnectionPool } from '../http-client/connection-pool.js'
import { parseJson } from '../json.js'
import type { Timeouts } from '../upstream/failure.js'
import { fetchText, type TextResponse } from '../upstream/text-response.js'
import { type CheckResult, failed, failureOf, ok, warning } from './finding.js'

/** Read from the port for operators how far the Mixmatch that runs here follows the stream. */
export async function checkFleetNode(
  pool: (origin: string) => ConnectionPool,
  { host, port }: Pick<Config['ops'], 'host' | 'port'>,
  timeouts: Timeouts,
): Promise<CheckResult> {
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const what = `GET ${origin}/ready`
  try {
    const signal = AbortSignal.timeout(timeouts.headersTimeoutMs)
    const request = { path: '/ready', headers: ['Accept', 'application/json'], what }
    return judgeFleetNode(await fetchText(pool(origin), request, timeouts, signal))
  } catch (error) {
    const { found } = failureOf(error)
    return warning(`${found}: start "mixmatch serve" to see how far this node is`)
  }
}

const readiness = z.object({
  missing: z.array(z.object({ part: z.string(), reason: z.string() })),
  fleet: fleetReport,
})

/** @param response that of `/ready` */
export function judgeFleetNode({ status, text }: Omit<TextResponse, 'headers'>): CheckResult {
  if (status === 401 || status === 403) {
    return warning('not checked: /ready asks for a token here ([ops] health_auth)')
  }
  const parsed = readiness.safeParse(parseJson(text))
  if (!parsed.success) {
    return warning('the Mixmatch that runs here is not a node of a fleet: restart it')
  }
  const { missing, fleet } = parsed.data
  const lacks = missing.find(({ part }) => part === 'fleet')
  return lacks ? failed(`${lacks.reason}; ${describe(fleet)}`) : ok(`follows; ${describe(fleet)}`)
}

/** `at offset 41 of 44, 3 messages behind for 0.5 s; collects default; last confirm 2026-…` */
function describe({ offset, end_offset: end, ...report }: FleetReport): string {
  const { lag_events: lag, lag_seconds: seconds, last_confirm_at: confirmed, buses } = report
  const behind = lag ? `, ${lag} messages behind for ${(seconds ?? 0).toFixed(1)} s` : ''
  const collected = buses.filter(({ role }) => role === 'active')
  const clouds = [...new Set(collected.map(({ service_provider }) => service_provider))]
  return [
    `at offset ${offset ?? 'none'} of ${end ?? 'unknown'}${behind}`,
    clouds.length === 0 ? 'collects nothing at the moment' : `collects ${clouds.join(', ')}`,
    confirmed === null ? 'nothing confirmed yet' : `last confirm ${confirmed}`,
  ].join('; ')
}
