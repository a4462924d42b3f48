import { type BusProbe, probeBus } from '../bus/amqp/bus-probe.js'
import { nameOfBus, parseTransportUrl } from '../bus/transport-url.js'
import type { CloudConfig } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import { type CheckResult, failed, ok, warning } from './finding.js'

/** Check each bus of a cloud. If a cloud has several buses, the part contains the name of the bus. */
export async function checkBuses(
  { messagebuses, queueName, fleetQueueName, cafile, insecure }: CloudConfig,
  { notification: { exchanges }, upstream: { connectTimeoutMs }, fleet }: Config,
): Promise<readonly (CheckResult & { readonly part: string })[]> {
  const tls = { caFile: cafile, insecure }
  const isShared = fleet.stream !== null
  const queue = isShared ? fleetQueueName : queueName
  const check = async (url: string) =>
    judgeBus(await probeBus({ url, exchanges, queue, tls, connectTimeoutMs }), queue, isShared)
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

/**
 * Judge by a probe whether the notifications of a bus are recorded.
 *
 * @param isShared whether the nodes of a fleet share the queue. The broker delivers to one of them at a time
 */
export function judgeBus(probe: BusProbe, queue: string, isShared: boolean): CheckResult {
  switch (probe.kind) {
    case 'unreachable':
      return failed(`${probe.reason}: check messagebus, the user's password and its virtual host`)
    case 'file':
      return probe.exists
        ? ok(`${probe.path} is read`)
        : warning(`${probe.path} does not exist yet: it is read as soon as it does`)
    case 'rabbit':
      return judgeBroker(probe, queue, isShared)
  }
}

function judgeBroker(
  { host, exchanges, queue: queueFound }: Extract<BusProbe, { kind: 'rabbit' }>,
  queue: string,
  isShared: boolean,
): CheckResult {
  const found = exchanges.length > 0 ? `exchanges ${exchanges.join(', ')}` : 'no exchange yet'
  const connected = `connected to ${host}, ${found}`
  if (exchanges.length === 0) {
    return warning(
      `${connected}: no service has published anything; set [oslo_messaging_notifications] driver = ` +
        'messagingv2 there, and notification_exchanges to their control_exchange here',
    )
  }
  if (!queueFound) {
    const missing = `queue ${queue} does not exist: nothing is kept until the recorder declares it`
    return warning(`${connected}; ${missing}`)
  }
  const waiting = `${queueFound.messages} messages wait in ${queue}`
  if (queueFound.consumers > 1 && isShared) {
    const nodes = `${queueFound.consumers} nodes of the fleet consume it, one at a time`
    return ok(`${connected}; ${waiting}, and ${nodes}`)
  }
  if (queueFound.consumers > 1) {
    const shared = `${queueFound.consumers} consume from ${queue}, so that each gets a part`
    return failed(`${connected}; ${shared}: give each a queue_name`)
  }
  return queueFound.consumers === 1
    ? ok(`${connected}; ${waiting}, and a recorder consumes them`)
    : warning(`${connected}; ${waiting}, and no recorder consumes them: start "mixmatch serve"`)
}
