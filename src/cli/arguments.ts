import { InvalidArgumentError, Option } from 'commander'
import { type Point, parsePoint } from '../replay/point.js'

/** For commander: parse a whole number that is not negative. */
export function parseWhole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}

/** For commander: parse a hash of the chain, as `log head` prints it. */
export function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError(
    'Expected the 64 hexadecimal digits that "mixmatch log head" prints.',
  )
}

/** Create an option that filters by names, separated by commas. The default is all names. */
export function namesOption(flags: string, description: string): Option {
  return new Option(flags, description).default([], 'all').argParser(parseNames)
}

/** For commander: parse names that are separated by commas. The option may be given several times. */
export function parseNames(text: string, others: readonly string[] = []): string[] {
  return [...others, ...text.split(',').filter(each => each !== '')]
}

/** For commander: parse a point of history. Relative times are relative to now. */
export function parsePointOption(text: string): Point {
  return parsePoint(text)
}
