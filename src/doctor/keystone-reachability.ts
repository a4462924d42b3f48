import type { Keystone } from '../identity/keystone.js'
import { type CheckResult, failed, failureOf, ok, warning } from './finding.js'

/** Shibboleth accepts assertions for three minutes. Synchronised clocks differ by far less than this limit. */
const SKEW_MS = 30_000

/** Check that a Keystone answers, and that its clock agrees with ours. `clock` is null without a Date header. */
export async function checkKeystoneAndClock({
  send,
  v3,
}: Keystone): Promise<{ result: CheckResult; clock: CheckResult | null }> {
  try {
    const step = 'looking whether it is there'
    const { status, header } = await send({ step, method: 'GET', url: v3, headers: {} })
    if (status === 200) return { result: ok(`${v3} answers`), clock: checkClock(header('date')) }
    const found = `${v3} answers ${status}, expected 200: set auth_url to where Keystone is`
    return { result: failed(found), clock: null }
  } catch (error) {
    return { result: failureOf(error), clock: null }
  }
}

function checkClock(date: string | null): CheckResult | null {
  const keystoneMs = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(keystoneMs)) return null
  const aheadMs = keystoneMs - Date.now()
  if (Math.abs(aheadMs) < SKEW_MS) return ok('agrees with the clock here')
  const seconds = Math.abs(Math.round(aheadMs / 1000))
  const direction = aheadMs > 0 ? 'ahead of' : 'behind'
  return warning(
    `is ${seconds} s ${direction} the clock here: assertions fail where clocks differ; synchronise both`,
  )
}
