/**
 * A logged error. Other fields are never logged, because Node and undici attach raw bytes of the
 * connection to their errors (`rawPacket`, `socket`), and those bytes contain tokens.
 */
interface LoggedError {
  readonly type: string
  readonly message: string
  readonly stack?: string
  readonly code?: string | number
  readonly cause?: LoggedError
  /** The errors of an AggregateError, such as one for each address of a host. */
  readonly errors?: readonly LoggedError[]
}

/** The limit for a chain of causes, which may be circular. */
const MAX_DEPTH = 8

/** The `err` serializer of every logger. */
export function serializeError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: textOf(thrown) }
  const code = 'code' in thrown ? thrown.code : undefined
  const isNested = depth < MAX_DEPTH
  return {
    type: thrown.name,
    message: thrown.message,
    ...(thrown.stack !== undefined && { stack: thrown.stack }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(isNested &&
      thrown.cause !== undefined && { cause: serializeError(thrown.cause, depth + 1) }),
    ...(isNested &&
      thrown instanceof AggregateError && {
        errors: thrown.errors.map((each: unknown) => serializeError(each, depth + 1)),
      }),
  }
}

/** An object that is not an error may contain secrets, so only strings are logged. */
function textOf(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : 'a value that is no Error was thrown'
}
