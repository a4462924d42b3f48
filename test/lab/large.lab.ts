import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import test from 'ava'
import { request } from 'undici'
import { demoToken, holds } from './clients.js'
import { createMixmatch, url } from './mixmatch.js'
import { usageOf } from './usage.js'

/** Without a capture, which would keep all traffic. The catalog is not changed. */

const MiB = 1024 * 1024
const images = `${url}/image/v2/images`

test('an upload of 2 GiB to sp1 and its download have the same bytes, and the proxy stores none of them', async t => {
  const mixmatch = await createMixmatch()
  t.teardown(() => mixmatch.close())
  const running = await mixmatch.start('serve')
  const headers = { 'X-Auth-Token': (await demoToken()).token }
  const image = async (size: number) => {
    const id = await newImage(headers)
    try {
      t.false(await holds('default', 'image', id))
      const up = await upload(id, size, headers)
      const down = await download(id, headers)
      t.is(down.size, size)
      t.is(down.sha256, up.sha256)
      return { up, down }
    } finally {
      await request(`${images}/${id}`, { method: 'DELETE', headers })
    }
  }

  await image(64 * MiB) // warm up: memory that every transfer needs is allocated
  const before = usageOf(running.pid)
  const { up, down } = await image(2048 * MiB)
  const after = usageOf(running.pid)

  const [grown, written] = [after.memory - before.memory, after.written - before.written]
  const speed = ({ seconds }: Passed) => `${Math.round(2048 / seconds)} MiB/s`
  t.log(
    `up ${speed(up)}, down ${speed(down)}; all processes at their greatest ${before.memory} MiB ` +
      `before and ${after.memory} MiB after; ${written} MiB written`,
  )
  t.true(grown < 64, `the proxy grew by ${grown} MiB`)
  t.true(written < 64, `the proxy wrote ${written} MiB`)
  await running.stop()
})

/** A transfer in one direction. */
interface Passed {
  readonly size: number
  readonly sha256: string
  readonly seconds: number
}

type Headers = Readonly<Record<string, string>>

async function newImage(headers: Headers): Promise<string> {
  const { statusCode, body } = await request(images, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', 'MM-SERVICE-PROVIDER': 'sp1' },
    body: JSON.stringify({ name: 'large', disk_format: 'raw', container_format: 'bare' }),
  })
  const text = await body.text()
  if (statusCode !== 201) throw new Error(`no image at sp1: ${statusCode} ${text}`)
  return JSON.parse(text).id
}

async function upload(id: string, size: number, headers: Headers): Promise<Passed> {
  const hash = createHash('sha256')
  const sent = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) }
  const begun = performance.now()
  const { statusCode, body } = await request(`${images}/${id}/file`, {
    method: 'PUT',
    headers: { ...headers, ...sent },
    body: Readable.from(unlikePieces(size, piece => hash.update(piece))),
  })
  if (statusCode !== 204) throw new Error(`not uploaded: ${statusCode} ${await body.text()}`)
  const seconds = (performance.now() - begun) / 1000
  return { size, sha256: hash.digest('hex'), seconds }
}

async function download(id: string, headers: Headers): Promise<Passed> {
  const hash = createHash('sha256')
  let size = 0
  const begun = performance.now()
  const { statusCode, body } = await request(`${images}/${id}/file`, { headers })
  for await (const chunk of body) {
    hash.update(chunk)
    size += chunk.length
  }
  if (statusCode !== 200) throw new Error(`not downloaded: ${statusCode}`)
  return { size, sha256: hash.digest('hex'), seconds: (performance.now() - begun) / 1000 }
}

/** Pieces that all differ, so that a lost, doubled or reordered piece is noticed. */
function* unlikePieces(size: number, see: (piece: Buffer) => void): Generator<Buffer> {
  const random = randomBytes(MiB)
  for (let sent = 0; sent < size; sent += MiB) {
    const piece = Buffer.from(random)
    piece.writeDoubleLE(sent)
    see(piece)
    yield piece
  }
}
