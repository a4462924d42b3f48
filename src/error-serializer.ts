/**
 * What the log tells of an error. Only the fields named here are written: Node and undici hang raw
 * bytes of the connection on their errors (`rawPacket`, `socket`), and those bytes hold tokens.
 */
interface LoggedError {
  readonly type: string
  readonly message: string
  readonly stack?: string
  readonly code?: string | number
  readonly cause?: LoggedError
  /** What an AggregateError holds, such as one failed attempt for each address of a host. */
  readonly errors?: readonly LoggedError[]
}

/** Deep enough for every chain of causes that is made here, and an end to one that is a circle. */
const MAX_DEPTH = 8

/** The `err` serializer of every logger: something thrown, as the log tells of it. */
export function serializeError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: textOf(thrown) }
  const code = 'code' in thrown ? thrown.code : undefined
  const goOn = depth < MAX_DEPTH
  return {
    type: thrown.name,
    message: thrown.message,
    ...(thrown.stack !== undefined && { stack: thrown.stack }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(goOn && thrown.cause !== undefined && { cause: serializeError(thrown.cause, depth + 1) }),
    ...(goOn &&
      thrown instanceof AggregateError && {
        errors: thrown.errors.map((each: unknown) => serializeError(each, depth + 1)),
      }),
  }
}

/** Only what was thrown as a text is one; an object could hold anything. */
function textOf(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : 'something else than an Error was thrown'
}
