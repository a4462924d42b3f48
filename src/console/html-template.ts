/** HTML that needs no further escaping. Only `html` makes it, so text cannot become markup by accident. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** The values of a template: text is escaped, `null` and `false` are left out, lists are joined. */
export type Content = Markup | string | number | false | null | undefined | readonly Content[]

/**
 * A tagged template for HTML and SVG: each value is escaped unless it is `Markup`. Attribute values must
 * be written in double quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const parts = strings.map((string, index) => string + render(values[index]))
  return new Markup(parts.join(''))
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'object') return content.map(render).join('')
  return escapeText(String(content))
}

/** Quotes are escaped too, so that the text can stand in an attribute. */
function escapeText(text: string): string {
  return text.replace(/[&<>"'`]/g, character => `&#${character.charCodeAt(0)};`)
}
