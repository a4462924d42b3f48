import { countCreates } from '../fleet/recorded-log.js'
import { logIn } from '../sandbox/clouds.js'
import { until } from '../until.js'
import type { ProxyMachine } from './proxy-machine.js'

const VOLUMES = 3
const SETTLE_MS = 90_000

/** Create volumes through the proxy, which works without the log. @returns their ids */
export async function createVolumes({
  federation,
  node,
}: ProxyMachine): Promise<readonly string[]> {
  const user = await logIn(federation.cloud('default'))
  const ids: string[] = []
  for (let count = 0; count < VOLUMES; count++) {
    const made = await user.call('POST', `${node.url}/volume/v3/${user.project}/volumes`, {
      json: { volume: { name: 'kept', size: 1 } },
      headers: { 'MM-SERVICE-PROVIDER': 'sp1' },
    })
    if (made.status !== 202) throw new Error(`a volume was refused: ${made.status} ${made.text}`)
    ids.push(made.json.volume.id)
  }
  return ids
}

/** Wait until these volumes are in the log, which must be sound. @returns those that are not there once */
export async function wronglyRecorded(
  { node }: ProxyMachine,
  volumes: readonly string[],
): Promise<readonly string[]> {
  const all = async () => {
    const counts = await countCreates(node)
    return volumes.every(volume => counts.has(volume))
  }
  await until('the volumes are in the log', all, SETTLE_MS)
  const { exitCode, stdout, stderr } = await node.command('log', 'verify')
  if (exitCode !== 0) throw new Error(`the log does not verify: ${stdout}${stderr}`)
  const counts = await countCreates(node)
  return volumes.filter(volume => counts.get(volume) !== 1)
}
