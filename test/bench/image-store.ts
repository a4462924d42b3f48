import { type AddressInfo, createServer, type Socket } from 'node:net'

/**
 * A cloud that sends as many bytes as its argument says for each GET and reads what each PUT sends, over plain sockets and memory that
 * is used again, so that a proxy before it is slower.
 */

const BYTES = Number(process.argv[2])
const piece = Buffer.alloc(1024 * 1024)
const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

const server = createServer({ noDelay: true }, serve)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())

function serve(socket: Socket): void {
  /** Bytes of the request body that are still to come; null for chunks. */
  let left: number | null = 0
  let tail: Buffer = Buffer.alloc(0)

  socket.on('error', () => {})
  socket.on('data', data => {
    const body = left === 0 ? readHead(data) : data
    if (body === null) return
    if (left !== null) left -= body.length
    tail = Buffer.concat([tail, body.subarray(-LAST_CHUNK.length)]).subarray(-LAST_CHUNK.length)
    const isComplete = left === null ? tail.equals(LAST_CHUNK) : left === 0
    if (isComplete) respondToPut()
  })

  /** @returns the first bytes of the body; null if there is no body */
  function readHead(data: Buffer): Buffer | null {
    const end = data.indexOf(HEAD_END)
    const head = data.toString('latin1', 0, end)
    if (head.startsWith('GET ')) {
      sendImage(socket)
      return null
    }
    const length = /^content-length: *(\d+)/im.exec(head)?.[1]
    left = length === undefined ? null : Number(length)
    return Buffer.from(data.subarray(end + HEAD_END.length))
  }

  function respondToPut(): void {
    left = 0
    tail = Buffer.alloc(0)
    socket.write('HTTP/1.1 204 No Content\r\n\r\n')
  }
}

function sendImage(socket: Socket): void {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${BYTES}\r\n\r\n`,
  )
  let left = BYTES
  const fill = () => {
    while (left > 0 && !socket.destroyed) {
      left -= piece.length
      if (!socket.write(piece)) break
    }
    if (left > 0) socket.once('drain', fill)
  }
  fill()
}
