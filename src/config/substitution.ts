/** The text that a `$name` stands for. */
export interface Substitute {
  readonly text: string
  /** Whether it contains a secret. Then every value that refers to it is one, too. */
  readonly secret: boolean
}

/**
 * `$$` and `\$` are a dollar sign; `$name`, `${name}`, `$group.name` a reference, in the grammar of
 * oslo.config (`ConfigOpts.Template`), which also lets the braces hold the hyphens and dots of a
 * cloud's name; any other dollar sign stands for itself.
 */
const DOLLAR = /\$\$|\\\$|\$([_a-z][._a-z0-9]*)|\$\{([_a-z][._a-z0-9-]*)\}/gi

/** Replace the references in a value by the text of other options. */
export function substituteReferences(
  value: string,
  refer: (name: string) => Substitute,
): Substitute {
  let secret = false
  const text = value.replace(DOLLAR, (_match, plain?: string, braced?: string) => {
    const name = plain ?? braced
    if (name === undefined) return '$'
    const substitute = refer(name)
    secret ||= substitute.secret
    return substitute.text
  })
  return { text, secret }
}

/** Split `group.name`; a name without a group belongs to the group where it stands. */
export function splitReference(name: string): { group: string | null; option: string } {
  const dot = name.lastIndexOf('.')
  return dot === -1
    ? { group: null, option: name }
    : { group: name.slice(0, dot), option: name.slice(dot + 1) }
}
