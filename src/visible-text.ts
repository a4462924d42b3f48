/**
 * Replace control characters, and marks that change the direction of text, with visible escapes. Names, ids
 * and messages come from other clouds, and a terminal would execute escape sequences in them. Line ends and
 * tabs stay.
 *
 * C0 controls become `\x1b`. DEL, C1 controls and direction marks become `\u009b`: JSON strings may contain them,
 * and this notation keeps the meaning of JSON.
 */
export function visibleText(text: string): string {
  return text.replace(CONTROLS, character =>
    character === '\n' || character === '\t' || character === '\r\n'
      ? character
      : escaped(character),
  )
}

/** Like `visibleText`, but for a single line: line ends and tabs are replaced, too. */
export function visibleLine(text: string): string {
  return text.replace(CONTROLS, all => Array.from(all, escaped).join(''))
}

/** Controls, line and paragraph separators, and direction marks. */
const CONTROLS = /\r\n|[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  const hex = code.toString(16)
  const notation = code < DEL ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
  return named[character] ?? notation
}

const DEL = 0x7f
