import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { open, startForwarder, startServer } from './wire.js'

const MIB = 1024 * 1024

test('a download that the client reads with pauses arrives unchanged', async t => {
  const image = randomBytes(24 * MIB)
  const upstream = await startServer(t, (_, res) => {
    res.writeHead(200, { 'Content-Length': image.length }).end(image)
  })
  const { url } = await startForwarder(t, upstream)
  const request = open(url)
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of response) {
    pieces.push(piece)
    // Long enough for all buffers between cloud and client to fill up.
    if (pieces.length % 100 === 1) await setTimeout(50)
  }
  t.true(Buffer.concat(pieces).equals(image))
})

test('downloads of several clients that pause at different times arrive unchanged, and others leave', async t => {
  const images = Array.from({ length: 4 }, () => randomBytes(20 * MIB))
  const upstream = await startServer(t, (req, res) => {
    const image = images[Number(req.url?.slice(1))] ?? Buffer.alloc(0)
    res.writeHead(200, { 'Content-Length': image.length }).end(image)
  })
  const { url } = await startForwarder(t, upstream)
  const downloads = images.map(async (image, index) => {
    const leaves = index === 1
    const request = open(`${url}/${index}`)
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let received = 0
    for await (const piece of response) {
      const isRight = piece.equals(image.subarray(received, received + piece.length))
      if (!isRight) return `wrong bytes after ${received}`
      received += piece.length
      if (leaves && received > 10 * MIB) return 'left'
      if (received % 97 === index) await setTimeout(20)
    }
    return received
  })
  t.deepEqual(await Promise.all(downloads), [20 * MIB, 'left', 20 * MIB, 20 * MIB])
})

test('pipelined downloads arrive unchanged and in the order of their requests', async t => {
  const images = [randomBytes(3 * MIB), randomBytes(2 * MIB), randomBytes(MIB)]
  const upstream = await startServer(t, (req, res) => {
    const image = images[Number(req.url?.slice(1))] ?? Buffer.alloc(0)
    res.writeHead(200, { 'Content-Length': image.length }).end(image)
  })
  const { url } = await startForwarder(t, upstream)
  const { port, host } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  const close = 'Connection: close\r\n'
  socket.write(
    images
      .map(
        (_, index) => `GET /${index} HTTP/1.1\r\nHost: ${host}\r\n${index === 2 ? close : ''}\r\n`,
      )
      .join(''),
  )
  const received = Buffer.concat(await socket.toArray())
  let rest = received
  for (const image of images) {
    const start = rest.indexOf('\r\n\r\n') + 4
    t.true(rest.subarray(start, start + image.length).equals(image))
    rest = rest.subarray(start + image.length)
  }
  t.is(rest.length, 0)
})

test('a download over a connection that is used again leaves no listeners behind', async t => {
  const image = randomBytes(MIB)
  const upstream = await startServer(t, (_, res) => {
    res.writeHead(200, { 'Content-Length': image.length }).end(image)
  })
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const { url } = await startForwarder(t, upstream)
  const { port, host } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = 0
  socket.on('data', piece => {
    received += piece.length
  })
  for (let round = 1; round <= 15; round += 1) {
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    while (received < round * image.length) await once(socket, 'data')
  }
  t.deepEqual(warnings, [])
})

for (const framing of ['sized', 'chunked'] as const) {
  test(`what has come of a large ${framing} upload reaches the cloud while the client pauses`, async t => {
    const image = randomBytes(3 * MIB)
    // From 512 KiB on, pieces wait until they are 256 KiB together or no more has come.
    const parts = [image.subarray(0, 520 * 1024), image.subarray(520 * 1024)] as const
    const pieces: Buffer[] = []
    const upstream = await startServer(t, async (req, res) => {
      for await (const piece of req) {
        pieces.push(piece)
        arrived.emit('piece')
      }
      res.end()
    })
    const arrived = new EventEmitter()
    const { url } = await startForwarder(t, upstream)
    const headers = framing === 'sized' ? { 'Content-Length': String(image.length) } : {}
    const request = open(url, 'PUT', headers)
    request.write(parts[0])
    while (Buffer.concat(pieces).length < parts[0].length) await once(arrived, 'piece')
    request.end(parts[1])
    await once(request, 'response')
    t.true(Buffer.concat(pieces).equals(image))
  })
}
