/** Lines of a log on their way to its file. */
interface LineBuffer {
  /** Write the line, which ends in a line break, in this turn of the event loop. */
  add(line: string): void
  /** Write all lines now. */
  flush(): void
}

/**
 * Collect the lines of one turn of the event loop, because to write one takes longer than to make it.
 * They are also written if the process exits or throws in this turn.
 *
 * @param write writes synchronously
 */
export function createLineBuffer(write: (lines: string) => void): LineBuffer {
  let lines = ''

  function flush(): void {
    if (lines === '') return
    const complete = lines
    lines = ''
    write(complete)
  }

  process.on('exit', flush)
  return {
    add(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
    flush,
  }
}
