import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** What went over the loopback device while it was listened to. */
export interface Capture {
  /** Every token that the Keystone at this address gave out, to whomever. */
  tokensFrom(host: string): ReadonlySet<string>
  /** Everything that clients sent to a service at this address, one buffer a connection. */
  sentTo(host: string): readonly Buffer[]
}

export interface Wire {
  /**
   * End listening, and look. May be called again, and answers the same.
   *
   * @throws where a packet was missed: then nothing can be said
   */
  read(): Promise<Capture>
}

const KEYSTONE = 5000
const SERVICES = [KEYSTONE, 9292, 8776]

/** Listen to all that reaches the services at `hosts`, and to what their Keystones answer. */
export async function listenOnWire(hosts: readonly string[]): Promise<Wire> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-wire-'))
  const file = join(directory, 'lo.pcap')
  const ports = SERVICES.map(port => `dst port ${port}`).join(' or ')
  const sent = `(${hosts.map(host => `dst host ${host}`).join(' or ')}) and (${ports})`
  const answered = `(${hosts.map(host => `src host ${host}`).join(' or ')}) and src port ${KEYSTONE}`
  const filter = `tcp and ((${sent}) or (${answered}))`
  // -Z root: else it gives up root, and with it the directory. -B: KiB, for bursts of image data.
  const options = [
    '-i',
    'lo',
    '-n',
    '--immediate-mode',
    '-U',
    '-s',
    '0',
    '-B',
    '65536',
    '-Z',
    'root',
    '-w',
    file,
  ]
  const tcpdump = spawn('tcpdump', [...options, filter], { stdio: ['ignore', 'ignore', 'pipe'] })
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
    await untilWritten(file, hosts)
    tcpdump.kill('SIGINT')
    await ended
    const dropped = /^(\d+) packets? dropped by kernel/m.exec(said)
    if (dropped?.[1] !== '0') throw new Error(`tcpdump missed something: ${said}`)
    const streams = assemble(await readFile(file))
    await rm(directory, { recursive: true })
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

  return { read: () => (capture ??= end()) }
}

/** Packets come in order: once a last request of our own is in the file, so is all before it. */
async function untilWritten(file: string, hosts: readonly string[]): Promise<void> {
  const mark = `/end-of-capture-${randomUUID()}`
  await fetch(`http://${hosts[0]}:${KEYSTONE}${mark}`).then(response => response.text())
  for (let tries = 0; !(await readFile(file)).includes(mark); tries++) {
    if (tries > 100) throw new Error('tcpdump does not see the loopback device')
    await wait(100)
  }
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

/** Put the segments of a capture together again, as TCP would (RFC 9293 §3.4). */
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
      .filter(({ at }) => at < 2 ** 31) // what was on its way before we listened
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
