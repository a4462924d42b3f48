/**
 * How long the tests of one machine take, and how many failures they cause: `MIXMATCH_FAULTS=long npm run
 * test:faults` for the long form.
 */
export interface Scale {
  /** How often a process is killed. */
  readonly kills: number
  /** Clients that read slowly at the same time. */
  readonly slowClients: number
  readonly soakMs: number
}

const long = process.env['MIXMATCH_FAULTS'] === 'long'

/** `MIXMATCH_SOAK_SECONDS` overrides five minutes, or an hour in the long form. */
const soakSeconds = Number(process.env['MIXMATCH_SOAK_SECONDS'] ?? (long ? 3600 : 300))

export const scale: Scale = {
  kills: long ? 300 : 20,
  slowClients: long ? 10_000 : 2000,
  soakMs: soakSeconds * 1000,
}

/** From `MIXMATCH_FAULTS_SEED`, else another one in each run. It decides what is killed when. */
export const seed = Number(process.env['MIXMATCH_FAULTS_SEED'] ?? Date.now() % 1_000_000)
