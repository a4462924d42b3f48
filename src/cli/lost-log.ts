/** `--new-log`, for the commands that append to a log. */
export const newLogOption = [
  '--new-log',
  'begin a new log in place of a lost one, and set its views aside',
] as const

/**
 * Set the views of a lost log aside. Without this, the recorder rejects a lost log. It is rarely needed, and loads
 * what reads logs only then: the supervisor does without.
 */
export async function acceptLostLog(logFile: string): Promise<void> {
  const { forgetLostLog } = await import('../projection/belonging.js')
  forgetLostLog(logFile)
}
