import type { QueryRunner } from '../api/query-runner.js'
import { MixmatchError } from '../errors.js'

interface Sources {
  readonly queryRunner: Pick<QueryRunner, 'ask'>
  readonly logFile: () => string
  /** In the order of the configuration. */
  readonly clouds: () => readonly string[]
}

/**
 * Create a function that lists all clouds in the order of their colours: that of their first events in the log, as
 * in reports, then those without events. The log is asked again only for clouds that it did not know.
 */
export function createColouredClouds(sources: Sources): () => Promise<readonly string[]> {
  const { queryRunner, logFile, clouds } = sources
  let known: { readonly file: string; readonly names: readonly string[] } = { file: '', names: [] }
  return async () => {
    const file = logFile()
    if (known.file !== file || clouds().some(cloud => !known.names.includes(cloud))) {
      known = { file, names: await readNames(queryRunner) }
    }
    return [...new Set([...known.names, ...clouds()])]
  }
}

async function readNames(queryRunner: Sources['queryRunner']): Promise<readonly string[]> {
  try {
    return (await queryRunner.ask('log', {}, 'all')).clouds
  } catch (error) {
    if (error instanceof MixmatchError) return [] // the page itself says what is wrong
    throw error
  }
}
