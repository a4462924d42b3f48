/** The text that replaces a `$name`. */
export interface Substitute {
  readonly text: string
  /** Whether it contains a secret. Then each value that refers to it is a secret too. */
  readonly secret: boolean
}

/**
 * `$$` and `\$` are a dollar sign. `$name`, `${name}` and `$group.name` are references, in the grammar of
 * oslo.config (`ConfigOpts.Template`): inside braces, names of clouds can have hyphens and dots. Any other
 * dollar sign is an ordinary character.
 */
const DOLLAR = /\$\$|\\\$|\$([_a-z][._a-z0-9]*)|\$\{([_a-z][._a-z0-9-]*)\}/gi

/** Replace the references in a value with the text of other options. */
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

/** Split `group.name`. A name without a group refers to its own group. */
export function splitReference(name: string): { group: string | null; option: string } {
  const dot = name.lastIndexOf('.')
  return dot === -1
    ? { group: null, option: name }
    : { group: name.slice(0, dot), option: name.slice(dot + 1) }
}
