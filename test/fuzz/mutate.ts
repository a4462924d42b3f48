import type { Chance } from '../sample/chance.js'

const MAX_BYTES = 4096

/** Bytes at which parsers decide something. */
const TOKENS = [
  ...'{}[]":,\\/%?&=;#@ \t\r\n\0\'.-+0aA~*',
  '%00',
  '%2e',
  '\r\n',
  '\r\n\r\n',
  '\\u0000',
  '\\ud800',
  '1e999',
  'NaN',
  '-0',
  '9007199254740993',
  '__proto__',
  'constructor',
  'gAAAAABl0123456789ab',
  'password=',
  '://',
  '\xc3\xa9',
  '\xff',
  '\xe2\x80\xae',
].map(text => Buffer.from(text, 'latin1'))

/** An input made from one of the inputs, or from two, by one to four changes. */
export function mutate(inputs: readonly [Buffer, ...Buffer[]], chance: Chance): Buffer {
  let bytes = chance.pick(inputs)
  for (let left = 1 + chance.below(4); left > 0; left -= 1) {
    const at = chance.below(bytes.length + 1)
    const end = Math.min(bytes.length, at + chance.below(16))
    const other = chance.pick(inputs)
    const from = chance.below(other.length + 1)
    const middle = [
      Buffer.alloc(0), // remove
      Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]), // repeat
      TOKENS[chance.below(TOKENS.length)],
      Buffer.of(chance.below(256)),
      other.subarray(from, from + chance.below(64)),
    ]
    const keeps = chance.below(2) === 0 // insert, or replace
    const rest = bytes.subarray(keeps ? at : end)
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      middle[chance.below(middle.length)] ?? bytes,
      rest,
    ])
  }
  return bytes.subarray(0, MAX_BYTES)
}
