import type { Ask } from '../identity/connection.js'
import { type CheckResult, failed, failureOf, ok, warning } from './finding.js'

/** Shibboleth takes assertions of three minutes; half a minute is what no synchronised clock has. */
const SKEW_MS = 30_000

/** Whether a Keystone answers, and whether its clock agrees with ours. */
export async function checkKeystone(
  ask: Ask,
  v3: string,
): Promise<CheckResult & { clock: CheckResult | null }> {
  try {
    const step = 'looking whether it is there'
    const { status, header } = await ask({ step, method: 'GET', url: v3, headers: {} })
    if (status !== 200) {
      return {
        ...failed(`${v3} answers ${status}, expected 200: set auth_url to where Keystone is`),
        clock: null,
      }
    }
    return { ...ok(`${v3} answers`), clock: clockOf(header('date')) }
  } catch (error) {
    return { ...failureOf(error), clock: null }
  }
}

function clockOf(date: string | null): CheckResult | null {
  const there = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(there)) return null
  const ahead = there - Date.now()
  const seconds = Math.abs(Math.round(ahead / 1000))
  if (Math.abs(ahead) < SKEW_MS) return ok('agrees with the clock here')
  const direction = ahead > 0 ? 'ahead of' : 'behind'
  return warning(
    `is ${seconds} s ${direction} the clock here: assertions fail where clocks differ; synchronise both`,
  )
}
