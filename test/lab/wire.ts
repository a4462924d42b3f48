import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilInLab } from './until-in-lab.js'

/** The captured traffic of the loopback device. */
export interface Capture {
  /** All tokens that the Keystone at this address has issued, to any client. */
  tokensFrom(host: string): ReadonlySet<string>
  /** All bytes that clients sent to the services at this address, one buffer for each connection. */
  sentTo(host: string): readonly Buffer[]
}

export interface Wire {
  /**
   * Stop the capture and read it. A second call returns the same.
   *
   * @throws if a packet was lost, because then the capture proves nothing
   */
  read(): Promise<Capture>
}

const KEYSTONE = 5000
const SERVICES = [KEYSTONE, 9292, 8776]
const MOST_BYTES = 2 ** 30 // a test run needs a tenth of it

/** Which traffic is kept, by addresses. With less traffic the capture can be longer. */
export interface Listening {
  /** Keystones whose responses are kept, for the tokens in them. */
  readonly tokensFrom: readonly string[]
  /** Clouds whose requests are kept: everything that is sent to their services. */
  readonly sentTo: readonly string[]
}

/** Start a capture of the loopback device. The caller must call `read()` at the end. */
export async function listenOnWire({ tokensFrom, sentTo }: Listening): Promise<Wire> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-wire-'))
  const file = join(directory, 'lo.pcap')
  const ports = SERVICES.map(port => `dst port ${port}`).join(' or ')
  const sent = `(${sentTo.map(host => `dst host ${host}`).join(' or ')}) and (${ports})`
  const from = tokensFrom.map(host => `src host ${host}`).join(' or ')
  const filter = `tcp and ((${sent}) or ((${from}) and src port ${KEYSTONE}))`
  // -Z root: otherwise it drops root, and cannot write to the directory. -B: KiB, for bursts of image data.
  const options = ['-i', 'lo', '-n', '--immediate-mode', '-U', '-s', '0', '-B', '65536']
  const tcpdump = spawn('tcpdump', [...options, '-Z', 'root', '-w', file, filter], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(tcpdump, 'exit')
  let said = ''
  tcpdump.stderr.setEncoding('utf8')
  await new Promise<void>((resolve, reject) => {
    tcpdump.stderr.on('data', (text: string) => {
      said += text
      if (said.includes('listening on')) resolve()
    })
    tcpdump.once('error', reject)
    tcpdump.once('exit', () => reject(new Error(`tcpdump does not listen: ${said}`)))
  })
  let capture: Promise<Capture> | undefined

  async function end(): Promise<Capture> {
    try {
      await untilWritten(file, sentTo)
      tcpdump.kill('SIGINT')
      await ended
      const dropped = /^(\d+) packets? dropped by kernel/m.exec(said)
      if (dropped?.[1] !== '0') throw new Error(`tcpdump missed something: ${said}`)
      const { size } = await stat(file)
      if (size > MOST_BYTES)
        throw new Error(`${size} bytes went by: does somebody else work with the lab?`)
      return captured(assemble(await readFile(file)))
    } finally {
      tcpdump.kill('SIGKILL')
      await rm(directory, { recursive: true })
    }
  }

  return { read: () => (capture ??= end()) }
}

function captured(streams: readonly Stream[]): Capture {
  return {
    tokensFrom: host =>
      new Set(
        streams
          .filter(({ from }) => from === `${host}:${KEYSTONE}`)
          .flatMap(({ bytes }) => [
            ...bytes.toString('latin1').matchAll(/^x-subject-token:\s*(\S+)/gim),
          ])
          .flatMap(([, token]) => token ?? []),
      ),
    sentTo: host =>
      streams
        .filter(({ to }) => SERVICES.some(port => to === `${host}:${port}`))
        .map(({ bytes }) => bytes),
  }
}

/** Packets are written in order: when our own last request is in the file, all earlier packets are in it too. */
async function untilWritten(file: string, [host]: readonly string[]): Promise<void> {
  const mark = `/end-of-capture-${randomUUID()}`
  const { size } = await stat(file)
  await fetch(`http://${host}:${KEYSTONE}${mark}`).then(response => response.text())
  await untilInLab('our own request seen on the loopback device', async () => {
    let tail = Buffer.alloc(0)
    for await (const chunk of createReadStream(file, { start: size })) {
      tail = Buffer.concat([tail.subarray(-mark.length), chunk])
      if (tail.includes(mark)) return true
    }
    return false
  })
}

/** One direction of one TCP connection. */
interface Stream {
  readonly from: string // '127.0.0.1:5000'
  readonly to: string
  readonly bytes: Buffer
}

interface Segment {
  readonly from: string
  readonly to: string
  readonly sequence: number
  readonly opens: boolean
  readonly data: Buffer
}

/** Reassemble the TCP segments of a capture (RFC 9293 §3.4). */
export function assemble(pcap: Buffer): readonly Stream[] {
  const open = new Map<string, Segment[]>()
  const all: Segment[][] = []
  for (const segment of segments(pcap)) {
    const key = `${segment.from} ${segment.to}`
    const known = segment.opens ? undefined : open.get(key)
    if (known) known.push(segment)
    else {
      const begun = [segment]
      open.set(key, begun)
      all.push(begun)
    }
  }
  return all.map(([first, ...rest]) => {
    if (!first) throw new Error('a connection without a segment')
    const start = first.opens ? first.sequence + 1 : first.sequence
    const placed = [first, ...rest]
      .filter(({ data }) => data.length > 0)
      .map(({ sequence, data }) => ({ at: (sequence - start) >>> 0, data }))
      .filter(({ at }) => at < 2 ** 31) // segments from before the capture
      .sort((a, b) => a.at - b.at)
    const length = placed.reduce((end, { at, data }) => Math.max(end, at + data.length), 0)
    const bytes = Buffer.alloc(length)
    for (const { at, data } of placed) data.copy(bytes, at)
    return { from: first.from, to: first.to, bytes }
  })
}

/** The TCP segments of a capture file of Ethernet frames: libpcap's format, little-endian. */
function* segments(pcap: Buffer): Generator<Segment> {
  if (pcap.readUInt32LE(0) !== 0xa1b2c3d4 || pcap.readUInt32LE(20) !== 1)
    throw new Error('not a capture of Ethernet frames in the order of bytes of this machine')
  for (let at = 24; at + 16 <= pcap.length; ) {
    const kept = pcap.readUInt32LE(at + 8)
    if (kept !== pcap.readUInt32LE(at + 12)) throw new Error('a packet was cut short')
    const ip = pcap.subarray(at + 16 + 14, at + 16 + kept)
    at += 16 + kept
    const tcp = ip.subarray((ip.readUInt8(0) & 15) * 4, ip.readUInt16BE(2) || undefined)
    yield {
      from: `${ip.subarray(12, 16).join('.')}:${tcp.readUInt16BE(0)}`,
      to: `${ip.subarray(16, 20).join('.')}:${tcp.readUInt16BE(2)}`,
      sequence: tcp.readUInt32BE(4),
      opens: (tcp.readUInt8(13) & 2) !== 0,
      data: tcp.subarray((tcp.readUInt8(12) >> 4) * 4),
    }
  }
}
