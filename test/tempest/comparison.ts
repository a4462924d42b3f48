import type { Verdicts } from './verdicts.js'

/** A test that did not pass though it should have: how it ended and what it said. */
export interface Difference {
  readonly test: string
  /** `GONE` where the run does not name it, as when all of its class could not begin. */
  readonly outcome: 'FAIL' | 'SKIP' | 'GONE'
  readonly reason: string
}

export interface Comparison {
  /** Tests that passed as they should. */
  readonly passed: readonly string[]
  /** Tests that did not, as is told in `docs/tempest.md`. */
  readonly explained: readonly Difference[]
  /** Tests that did not, and nobody knows why. */
  readonly unexplained: readonly Difference[]
  /** Tests that passed although an explanation says that they do not. */
  readonly wrong: readonly string[]
}

/** @param expected the tests that should pass; `explained`, those of them that are known not to */
export function compare(
  expected: readonly string[],
  verdicts: Verdicts,
  explained: ReadonlySet<string>,
): Comparison {
  const differences = expected.flatMap(test => differenceOf(test, verdicts))
  const differing = new Set(differences.map(({ test }) => test))
  const passed = expected.filter(test => !differing.has(test))
  return {
    passed,
    explained: differences.filter(({ test }) => explained.has(test)),
    unexplained: differences.filter(({ test }) => !explained.has(test)),
    wrong: passed.filter(test => explained.has(test)),
  }
}

/** The tests of a run that ended with one of these outcomes. */
export function testsThat(
  verdicts: Verdicts,
  ...outcomes: readonly ('PASS' | 'FAIL' | 'SKIP')[]
): string[] {
  return [...verdicts].filter(([, { outcome }]) => outcomes.includes(outcome)).map(([test]) => test)
}

function differenceOf(test: string, verdicts: Verdicts): Difference[] {
  const verdict = verdicts.get(test)
  if (verdict === undefined) return [{ test, outcome: 'GONE', reason: '' }]
  const { outcome, reason } = verdict
  return outcome === 'PASS' ? [] : [{ test, outcome, reason }]
}
