import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** Prints what the sandbox does: with colour on a terminal, plain in a pipe. */
export interface Terminal {
  heading(text: string): void
  /** Print what was typed or sent. */
  input(text: string): void
  /** Print what was received. */
  output(text: string): void
  /** Print names with their values, aligned. */
  facts(facts: readonly (readonly [name: string, value: string])[]): void
  say(text?: string): void
}

export function createTerminal(
  out: Writable & { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const colourful = out.isTTY === true && !env['NO_COLOR']
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colourful ? styleText(style, text) : text
  const write = (text: string) => out.write(`${text}\n`)
  return {
    heading: text => write(`\n${paint('bold', text)}`),
    input: text => write(indent(paint('cyan', text))),
    output: text => write(indent(text)),
    facts(facts) {
      const width = Math.max(...facts.map(([name]) => name.length))
      for (const [name, value] of facts) write(`  ${paint('dim', name.padEnd(width))}  ${value}`)
    },
    say: (text = '') => write(text),
  }
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}
