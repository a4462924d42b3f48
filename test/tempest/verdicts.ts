/** How a test of Tempest's ended, and what it said where it did not pass. */
export interface Verdict {
  readonly outcome: 'PASS' | 'FAIL' | 'SKIP'
  readonly reason: string
}

/** One run, by the names of the tests: `tempest.api.image.v2.test_images.ListUserImagesTest.test_x`. */
export type Verdicts = ReadonlyMap<string, Verdict>

/**
 * Read what `lab tempest results` prints.
 *
 * @throws at a line that is none of its own
 */
export function parseVerdicts(text: string): Verdicts {
  const lines = text.split('\n').filter(line => line !== '')
  return new Map(lines.map(verdictIn))
}

function verdictIn(line: string): [string, Verdict] {
  const [, outcome, test, reason = ''] =
    /^(PASS|FAIL|SKIP) ([^ [\]]+)(?:\[\S*\])?(?: (.*))?$/.exec(line) ?? []
  if ((outcome !== 'PASS' && outcome !== 'FAIL' && outcome !== 'SKIP') || test === undefined)
    throw new Error(`not a line of Tempest's results: ${line}`)
  return [test, { outcome, reason }]
}
