import type { Option } from './option.js'

/** The text of an option, before it is parsed. */
export interface OptionText {
  /** null if it is not set. */
  readonly text: string | null
  /** Whether it must not be in any message. */
  readonly secret: boolean
  /** Why the text cannot be parsed; null if it may be valid. */
  readonly fault: string | null
}

type ParsedValue<T> =
  | { readonly success: true; readonly value: T }
  | { readonly success: false; readonly message: string }

/** Parse the text of an option. If it is invalid, return what was expected and what was found. */
export function parseValue<T>(option: Option<T>, found: OptionText): ParsedValue<T> {
  const { expected, schema, items, explain } = option.kind
  const { text, secret, fault } = found
  if (fault !== null) return { success: false, message: fault }
  const isLeftEmpty = text === '' && !items && option.default === null
  const parsed = schema.safeParse(isLeftEmpty ? null : text)
  if (parsed.success) return { success: true, value: parsed.data }
  const why = text ? explain?.(text) : null
  return {
    success: false,
    message: why ?? `expected ${expected}, found ${describeText(text, secret)}`,
  }
}

function describeText(text: string | null, secret: boolean): string {
  if (text === null || text === '') return 'nothing'
  return secret ? 'something else' : JSON.stringify(withoutCredentials(text))
}

/** Any option can contain a secret by mistake: `mysql://user:password@host`. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[\s\S]*@/, '://***@')
}
