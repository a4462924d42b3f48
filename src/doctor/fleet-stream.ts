import { probeStream, type StreamProbe } from '../bus/amqp/stream-probe.js'
import { nameOfStream, parseStreamUrl } from '../bus/stream-url.js'
import type { Config } from '../config/config.js'
import { type CheckResult, failed, ok, warning } from './finding.js'

/** Check each broker that has the stream of the fleet. */
export async function checkStream(
  stream: string,
  { connectTimeoutMs }: Config['upstream'],
): Promise<CheckResult> {
  const name = nameOfStream(parseStreamUrl(stream))
  return judgeStream(name, await probeStream(stream, connectTimeoutMs))
}

export function judgeStream(name: string, probes: readonly StreamProbe[]): CheckResult {
  const working = probes.filter(({ problem }) => problem === null)
  const broken = probes.filter(({ problem }) => problem !== null)
  const reasons = broken.map(({ problem }) => problem).join('; ')
  if (working.length === 0) {
    return failed(`${reasons}: check [fleet] stream, the user's password and its virtual host`)
  }
  if (!working.some(({ exists }) => exists)) {
    return warning(`${name} does not exist yet: the first node begins it, or "mixmatch fleet init"`)
  }
  return broken.length === 0
    ? ok(`${name} exists; ${working.length} brokers answer`)
    : warning(
        `${name} exists, but only ${working.length} of ${probes.length} brokers answer: ${reasons}`,
      )
}
