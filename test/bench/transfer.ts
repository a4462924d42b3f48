import { connect } from 'node:net'
import { type Transfer, type TransferResult, transferMessage } from './messages.js'

/** A client that sends or receives one large body, as fast as a socket takes it. */

const piece = Buffer.alloc(1024 * 1024)
const received = Buffer.alloc(1024 * 1024)
const HEAD_END = '\r\n\r\n'

process.on('message', async message => process.send?.(await run(transferMessage.parse(message))))
process.on('disconnect', () => process.exit())

function run({ port, head, upload, chunked }: Transfer): Promise<TransferResult> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    let status = 0
    let length = 0
    let bytes = 0

    function receive(count: number): boolean {
      if (status === 0) {
        const text = received.toString('latin1', 0, count)
        status = Number(text.slice(9, 12))
        length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0)
        bytes = count - text.indexOf(HEAD_END) - HEAD_END.length
      } else bytes += count
      if (bytes >= length) socket.end()
      return true
    }

    function send(): void {
      socket.write(head)
      let left = upload
      const fill = () => {
        while (left > 0 && !socket.destroyed) {
          left -= piece.length
          if (!sendPiece()) break
        }
        if (left > 0) socket.once('drain', fill)
        else if (chunked) socket.write('0\r\n\r\n')
      }
      fill()
    }

    function sendPiece(): boolean {
      if (!chunked) return socket.write(piece)
      socket.cork()
      socket.write(`${piece.length.toString(16)}\r\n`)
      socket.write(piece)
      const isDrained = socket.write('\r\n')
      socket.uncork()
      return isDrained
    }

    const socket = connect({
      ...{ port, host: '127.0.0.1', noDelay: true },
      onread: { buffer: received, callback: receive },
    })
    socket.on('connect', send).on('error', reject)
    socket.on('close', () =>
      resolve({ status, bytes, seconds: (performance.now() - begun) / 1000 }),
    )
  })
}
