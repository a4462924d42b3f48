import type { SpName } from '../ids.js'
import type { Drift } from '../projection/listing-comparison.js'
import type { ListProgress, ReconcileSink } from '../reconcile/reconcile-cloud.js'
import { countDifferences, type ReconcileOutcome } from '../reconcile/reconcile-events.js'
import type { Context } from './context.js'
import type { OutputOptions } from './output-options.js'
import { type ProgressLine, showProgress } from './progress.js'
import { createRowPrinter, type Row } from './row-printer.js'

/** Prints the result for one cloud: differences to stdout, messages and progress to stderr. */
interface ReconcileReport extends Disposable {
  readonly findings: Required<Pick<ReconcileSink, 'onDrift' | 'onProgress'>>
  /** @param recorded whether the differences were recorded in the log */
  close(outcome: ReconcileOutcome, recorded: boolean): void
}

/** The maximum of differences in one table: memory must not depend on their number. */
const MAX_ROWS = 1000

export function createReconcileReport(
  { stdout, stderr }: Context,
  cloud: SpName,
  options: OutputOptions,
): ReconcileReport {
  const printRows = createRowPrinter(stdout, options)
  let rows: Row[] = []
  let line: (ProgressLine & { readonly type: string }) | undefined
  function endLine(): void {
    line?.[Symbol.dispose]()
    line = undefined
  }
  function print(): void {
    endLine()
    printRows(rows)
    rows = []
  }
  return {
    findings: {
      onDrift(drifts: readonly Drift[]) {
        for (const drift of drifts) rows.push(driftRow(cloud, drift))
        if (rows.length >= MAX_ROWS) print()
      },
      onProgress({ type, listed, expected }: ListProgress) {
        if (line?.type !== type) {
          endLine()
          line = { type, ...showProgress(stderr, `${cloud}: listing ${type}`, expected) }
        }
        line.at(listed, Math.max(listed, expected))
      },
    },
    close(outcome, recorded) {
      print()
      for (const words of describeOutcome(outcome, recorded)) stderr.write(`${cloud}: ${words}\n`)
    },
    [Symbol.dispose]: endLine,
  }
}

function driftRow(cloud: SpName, { difference, resource, project, believed }: Drift): Row {
  return { service_provider: cloud, difference, resource, project, believed }
}

function* describeOutcome(outcome: ReconcileOutcome, recorded: boolean): Generator<string> {
  const { as, collections, failed } = outcome
  if (as?.sees === 'project') {
    yield `the user is no administrator: only resources of project ${as.project} can be missing`
  }
  if (as) {
    const listed = collections.map(({ type, listed }) => `${type} ${listed}`).join(', ')
    const done = recorded ? 'recorded' : 'not recorded'
    yield `listed ${listed || 'nothing'}; ${countDifferences(outcome)} differences, ${done}`
  }
  for (const { type, reason } of failed) yield type ? `${type} was not compared: ${reason}` : reason
}
