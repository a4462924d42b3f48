/** One step of a request's way, as the proxy that took it tells of it. Names are in lower case. */
export type ForwardedStep = ReadonlyMap<string, string>

const PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;=]+))[ \t]*)?(,|;|$)/y

/**
 * Read a Forwarded header (RFC 7239 §4), the outermost proxy's step first. Addresses with a port need
 * no quotes here, because some proxies forget them. Null where the header is malformed.
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
