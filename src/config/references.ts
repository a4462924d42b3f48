/** What a `$name` stands for. */
export interface Referent {
  readonly text: string
  /** Whether a secret is in it, which then is in every value that refers to it. */
  readonly secret: boolean
}

/**
 * `$$` and `\$` are a dollar sign; `$name`, `${name}`, `$group.name` a reference, in the grammar of
 * oslo.config (`ConfigOpts.Template`), which also lets the braces hold the hyphens and dots of a
 * cloud's name; any other dollar sign stands for itself.
 */
const DOLLAR = /\$\$|\\\$|\$([_a-z][._a-z0-9]*)|\$\{([_a-z][._a-z0-9-]*)\}/gi

/** Put the text of other options into a value. */
export function resolveReferences(value: string, refer: (name: string) => Referent): Referent {
  let secret = false
  const text = value.replace(DOLLAR, (_match, plain?: string, braced?: string) => {
    const name = plain ?? braced
    if (name === undefined) return '$'
    const referent = refer(name)
    secret ||= referent.secret
    return referent.text
  })
  return { text, secret }
}

/** `group.name` apart; a name without a group is looked for in the group where it stands. */
export function splitReference(name: string): { group: string | null; option: string } {
  const dot = name.lastIndexOf('.')
  return dot === -1
    ? { group: null, option: name }
    : { group: name.slice(0, dot), option: name.slice(dot + 1) }
}
