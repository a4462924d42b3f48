import { readFileSync } from 'node:fs'

/** A part of a code block of the operator's guide, between two empty lines. */
export interface Piece {
  readonly kind: 'commands' | 'settings' | 'other'
  readonly text: string
}

const guide = new URL('../../docs/operators-guide.md', import.meta.url)
const program =
  /^(apt-get|npm|cd|install|printf|rm|runuser|mixmatch|systemctl|openstack|keystone-manage|rabbitmqctl)\b/

/** The code blocks of each section of `docs/operators-guide.md`, by the number of the section. */
export function readGuide(): ReadonlyMap<number, readonly Piece[]> {
  const sections = readFileSync(guide, 'utf8')
    .split(/^## (?=\d+\. )/m)
    .slice(1)
  return new Map(sections.map(section => [Number.parseInt(section, 10), piecesOf(section)]))
}

function piecesOf(section: string): Piece[] {
  const pieces = section.matchAll(/(?:^ {4}.*\n)+/gm)
  return [...pieces].map(([block]) => {
    const text = block.replace(/^ {4}/gm, '')
    if (program.test(text)) return { kind: 'commands', text }
    return { kind: /^\[[\w-]+\]$/m.test(text) ? 'settings' : 'other', text }
  })
}
