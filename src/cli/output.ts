import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { visibleLine, visibleText } from '../visible-text.js'

/** What a command prints to. All text goes through `visibleText` here, and nowhere else. */
export interface Output {
  /** Whether a person watches: a terminal, not a file or a pipe. */
  readonly isTerminal: boolean
  /** Columns of the terminal; null for a file or a pipe, where lines are as long as they are. */
  readonly width: number | null
  /** @returns false where the reader is slow: wait for `drained` before writing much more */
  write(text: string): boolean
  /** Resolved when the reader has caught up. */
  drained(): Promise<void>
  /** Replace the current line of a terminal; an empty text clears it. Nothing elsewhere. */
  showStatus(text: string): void
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

const CLEAR_LINE = '\r\u001b[K'

export function createOutput(stream: OutputStream): Output {
  const isTerminal = stream.isTTY ?? false
  return {
    isTerminal,
    get width() {
      return isTerminal ? (stream.columns ?? null) : null // it changes with the window
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
