import { messageOf } from '../bus-status.js'
import { parseStreamUrl } from '../stream-url.js'
import { connectToCluster } from './broker-connection.js'
import { inspectTopology } from './topology.js'

/** What one broker of a cluster says about a stream. */
export interface StreamProbe {
  /** `h1:5672` */
  readonly host: string
  /** Why it cannot be used; null if it can. */
  readonly problem: string | null
  /** Whether the stream exists; false if the broker cannot be used. */
  readonly exists: boolean
}

/**
 * Probe each broker of a stream: whether it accepts our login, and whether the stream exists. Nothing is declared or
 * consumed.
 *
 * @throws CONFIG_INVALID if the URL cannot be read
 */
export function probeStream(
  stream: string,
  connectTimeoutMs: number,
): Promise<readonly StreamProbe[]> {
  const url = parseStreamUrl(stream)
  const { name } = url
  const options = {
    heartbeatSeconds: 0,
    connectTimeoutMs,
    tls: { caFile: null, insecure: false },
    name: 'mixmatch doctor',
  }
  const probe = async (at: (typeof url.hosts)[number]): Promise<StreamProbe> => {
    const host = `${at.hostname}:${at.port}`
    try {
      const { signal } = new AbortController()
      const connection = await connectToCluster({ ...url, hosts: [at] }, 0, options, signal)
      connection.model.on('error', () => {}) // the inspection rejects with the same error
      try {
        const { queue } = await inspectTopology(connection.model, name, [])
        return { host, problem: null, exists: queue !== null }
      } finally {
        await connection.close()
      }
    } catch (error) {
      return { host, problem: messageOf(error), exists: false }
    }
  }
  return Promise.all(url.hosts.map(probe))
}
