/** The parameters that one proxy added to Forwarded, by their names in lower case. */
export type ForwardedStep = ReadonlyMap<string, string>

const PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;=]+))[ \t]*)?(,|;|$)/y

/**
 * Parse a Forwarded header (RFC 7239 §4). The outermost proxy comes first. Addresses with a port are
 * accepted without quotes, because some proxies omit them.
 *
 * @returns null if the header is malformed
 */
export function parseForwarded(header: string): readonly ForwardedStep[] | null {
  const steps: ForwardedStep[] = []
  let step = new Map<string, string>()
  PAIR.lastIndex = 0
  for (;;) {
    const match = PAIR.exec(header)
    if (match === null) return null
    const [, name, quoted, plain, end] = match
    if (name !== undefined) {
      const key = name.toLowerCase()
      if (step.has(key)) return null
      step.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    }
    if (end === ';') continue
    if (step.size > 0) steps.push(step)
    step = new Map()
    if (end === '') return steps
  }
}
