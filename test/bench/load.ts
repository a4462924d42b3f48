import { connect } from 'node:net'
import { type Load, type LoadResult, loadMessage } from './messages.js'

/**
 * The clients: a fixed number of connections, each of which sends the same request again as soon as it
 * has the response. Sockets and a fixed text cost less than an HTTP client, so that the proxy stays the
 * slowest part.
 */

const HEAD_END = '\r\n\r\n'
const LENGTH = /^content-length: *(\d+)/im

process.on('message', async message => process.send?.(await run(loadMessage.parse(message))))
process.on('disconnect', () => process.exit())

async function run(load: Load): Promise<LoadResult> {
  const begun = performance.now()
  const latencies: number[] = []
  const until = begun + load.seconds * 1000
  const failures = await Promise.all(
    Array.from({ length: load.connections }, () => runConnection(load, until, latencies)),
  )
  const seconds = (performance.now() - begun) / 1000
  latencies.sort((one, other) => one - other)
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
  return {
    requests: latencies.length,
    failures: failures.reduce((sum, count) => sum + count, 0),
    seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  }
}

/** @returns how many requests failed */
function runConnection(
  { port, request }: Load,
  until: number,
  latencies: number[],
): Promise<number> {
  return new Promise(resolve => {
    let failures = 0
    let sentAt = 0
    let received = ''
    let isOver = false
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })

    function send(): void {
      received = ''
      sentAt = performance.now()
      isOver = sentAt >= until
      if (isOver) socket.end()
      else socket.write(request)
    }

    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('data', chunk => {
      received += chunk
      const end = received.indexOf(HEAD_END)
      if (end < 0) return
      const length = Number(LENGTH.exec(received.slice(0, end))?.[1])
      if (received.length < end + HEAD_END.length + length) return
      if (received.startsWith('HTTP/1.1 200')) latencies.push(performance.now() - sentAt)
      else failures += 1
      send()
    })
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => resolve(isOver ? failures : failures + 1))
  })
}
