import type { Option } from './option.js'

/** The text of an option, before it is read as what it should be. */
export interface OptionText {
  /** null where it is not set. */
  readonly text: string | null
  /** Whether it must not be repeated. */
  readonly secret: boolean
  /** What is wrong with it as a text already. */
  readonly fault: string | null
}

export type ParsedValue<T> =
  | { readonly success: true; readonly value: T }
  | { readonly success: false; readonly message: string }

/** Read a text as what the option should be, or say what was expected and what was found. */
export function parseValue<T>(option: Option<T>, found: OptionText): ParsedValue<T> {
  const { expected, schema, items, explain } = option.kind
  const { text, secret, fault } = found
  if (fault !== null) return { success: false, message: fault }
  const isLeftEmpty = text === '' && !items && option.default === null
  const parsed = schema.safeParse(isLeftEmpty ? null : text)
  if (parsed.success) return { success: true, value: parsed.data }
  const why = text ? explain?.(text) : null
  return { success: false, message: why ?? `expected ${expected}, found ${inWords(text, secret)}` }
}

function inWords(text: string | null, secret: boolean): string {
  if (text === null || text === '') return 'nothing'
  return secret ? 'something else' : JSON.stringify(withoutCredentials(text))
}

/** Even an option that is no secret can hold one: `mysql://user:password@host`. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[\s\S]*@/, '://***@')
}
