import { createLinkRewriter, type LinkRules } from '../../src/upstream/link-rewriter.js'
import type { Growing } from '../growth.js'

export const rules: LinkRules = {
  link: url => url.replace('http://[fd00::1]:8776', 'https://proxy/volume'),
  listLink: url => url.replace('http://glance', 'https://proxy/image'),
}

/** A URL that the rules rewrite. */
export const theirs = 'http://[fd00::1]:8776/v3/p/volumes/1'

/** Rewrite a body that arrives in chunks of these sizes, repeated to its end. */
export function rewriteInPieces(bytes: Buffer, sizes: readonly number[]): Buffer {
  const rewriter = createLinkRewriter(rules)
  const out: Buffer[] = []
  let at = 0
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    out.push(...rewriter.write(bytes.subarray(at, at + size)).map(piece => Buffer.from(piece)))
    at += size
  }
  return Buffer.concat([...out, ...rewriter.end()])
}

/** Bodies that are meant to take long to rewrite, each of any size. */
export const hostileBodies: readonly Growing<Buffer>[] = Object.entries({
  'arrays that never end': repeat('"links":['),
  quotes: repeat('"links'),
  'backslashes in a link': (size: number) => `{"links":[{"href":"${repeat('\\\\')(size)}`,
  brackets: repeat('['),
  links: (size: number) => `{"links":[${repeat(`{"href":"${theirs}"},`)(size)}`,
  names: (size: number) => `{${repeat('"links": [], ')(size)}`,
  'one long name': (size: number) => `{"${repeat('links')(size)}`,
}).map(([name, make]) => ({
  name,
  make: size => Buffer.from(make(size)),
  run: body => rewriteInPieces(body, [65_536]),
}))

function repeat(part: string): (size: number) => string {
  return size => part.repeat(size / part.length)
}
