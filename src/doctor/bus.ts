import { type Probe, probeBus } from '../bus/amqp/bus-probe.js'
import { nameOfBus, parseTransportUrl } from '../bus/transport-url.js'
import type { Cloud } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import { type CheckResult, failed, ok, warning } from './finding.js'

/** One result for each bus of a cloud; of several buses, the part says which. */
export async function checkBuses(
  { messagebuses, queueName, cafile, insecure }: Cloud,
  { notification: { exchanges }, upstream: { connectTimeoutMs } }: Config,
): Promise<readonly (CheckResult & { readonly part: string })[]> {
  const tls = { caFile: cafile, insecure }
  const check = async (url: string) =>
    lookAtBus(
      await probeBus({ url, exchanges, queue: queueName, tls, connectTimeoutMs }),
      queueName,
    )
  const [only, ...others] = messagebuses
  if (only === undefined) {
    const found = 'messagebus is not set: nothing of this cloud is recorded'
    return [{ part: 'bus', ...warning(found) }]
  }
  if (others.length === 0) return [{ part: 'bus', ...(await check(only)) }]
  return Promise.all(
    messagebuses.map(async url => {
      const part = `bus ${nameOfBus(parseTransportUrl(url))}`
      return { part, ...(await check(url)) }
    }),
  )
}

/** Whether notifications reach us over a bus. */
export function lookAtBus(probe: Probe, queue: string): CheckResult {
  switch (probe.kind) {
    case 'unreachable':
      return failed(`${probe.reason}: check messagebus, the user's password and its virtual host`)
    case 'file':
      return probe.exists
        ? ok(`${probe.path} is read`)
        : warning(`${probe.path} is not there yet: it is read as soon as it is`)
    case 'rabbit':
      return lookAtBroker(probe, queue)
  }
}

function lookAtBroker(
  { host, exchanges, queue: found }: Extract<Probe, { kind: 'rabbit' }>,
  queue: string,
): CheckResult {
  const heard = exchanges.length > 0 ? `exchanges ${exchanges.join(', ')}` : 'no exchange yet'
  const said = `${host} lets us in, ${heard}`
  if (exchanges.length === 0) {
    return warning(
      `${said}: no service has published anything; set [oslo_messaging_notifications] driver = ` +
        'messagingv2 there, and notification_exchanges to their control_exchange here',
    )
  }
  if (!found)
    return warning(
      `${said}; queue ${queue} is not there: nothing is kept until the recorder made it`,
    )
  const waiting = `${found.messages} messages wait in ${queue}`
  if (found.consumers > 1) {
    return failed(
      `${said}; ${found.consumers} consume from ${queue}, so that each gets a part: give each a queue_name`,
    )
  }
  return found.consumers === 1
    ? ok(`${said}; ${waiting}, a recorder takes them`)
    : warning(`${said}; ${waiting}, no recorder takes them: start "mixmatch serve"`)
}
