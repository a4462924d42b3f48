import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { visibleLine, visibleText } from '../visible-text.js'

/** The output of a command. All text passes through `visibleText` here, and only here. */
export interface Output {
  /** Whether it is a terminal, not a file or a pipe. */
  readonly isTerminal: boolean
  /** Columns of the terminal; null for a file or a pipe, where lines have any length. */
  readonly width: number | null
  /** @returns false if the buffer is full: wait for `drained` before writing more */
  write(text: string): boolean
  /** Resolves when the buffer has room again. */
  drained(): Promise<void>
  /** Replace the current line of a terminal; an empty text clears it. Does nothing without a terminal. */
  showStatus(text: string): void
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

const CLEAR_LINE = '\r\u001b[K'

export function createOutput(stream: OutputStream): Output {
  const isTerminal = stream.isTTY ?? false
  return {
    isTerminal,
    get width() {
      return isTerminal ? (stream.columns ?? null) : null // read it each time: the window can be resized
    },
    write: text => stream.write(visibleText(text)),
    async drained() {
      if (stream.writableNeedDrain) await once(stream, 'drain')
    },
    showStatus(text) {
      if (isTerminal) stream.write(CLEAR_LINE + visibleLine(text))
    },
  }
}
