import { InvalidArgumentError, Option } from 'commander'
import { type Point, parsePoint } from '../replay/point.js'

/** For commander: a whole number that is not negative. */
export function parseWhole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}

/** For commander: a hash of the chain, as `log head` prints it. */
export function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError(
    'Expected the 64 hexadecimal digits that "mixmatch log head" prints.',
  )
}

/** A filter by names that are separated by commas; without it all are meant. */
export function namesOption(flags: string, description: string): Option {
  return new Option(flags, description).default([], 'all').argParser(parseNames)
}

/** For commander: names between commas; the option may be given several times. */
export function parseNames(text: string, others: readonly string[] = []): string[] {
  return [...others, ...text.split(',').filter(each => each !== '')]
}

/** For commander: a point of history, from now on where it is relative. */
export function parsePointOption(text: string): Point {
  return parsePoint(text)
}
