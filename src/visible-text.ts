/**
 * Text as it may be printed: control characters, and marks that reorder what follows them, are shown and not
 * obeyed. Names, ids and messages come from other people's clouds, and a terminal would carry out an
 * escape sequence in them. Line ends and tabs stay.
 *
 * Escape becomes `\x1b`. DEL, C1 controls and marks become `\u009b`: they may stand in a JSON string as they
 * are, and this notation keeps the string's meaning there.
 */
export function visibleText(text: string): string {
  return text.replace(OBEYED, character =>
    character === '\n' || character === '\t' || character === '\r\n'
      ? character
      : escaped(character),
  )
}

/** As `visibleText`, for what must stay in one line: line ends and tabs are shown, too. */
export function visibleLine(text: string): string {
  return text.replace(OBEYED, all => Array.from(all, escaped).join(''))
}

/** Controls; line and paragraph separators; what embeds, overrides or isolates a direction of writing. */
const OBEYED = /\r\n|[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  const hex = code.toString(16)
  const notation = code < DEL ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
  return named[character] ?? notation
}

const DEL = 0x7f
