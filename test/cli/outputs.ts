import { Writable } from 'node:stream'
import { createOutput, type Output } from '../../src/cli/output.js'

/** Collect the text that is printed to a file, or to a terminal with this number of columns. */
export function printedBy(print: (out: Output) => void, columns?: number): string {
  const chunks: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  print(
    createOutput(columns === undefined ? stream : Object.assign(stream, { isTTY: true, columns })),
  )
  return chunks.join('')
}
