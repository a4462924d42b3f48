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

export const scale: Scale = long
  ? { kills: 300, slowClients: 10_000, soakMs: 60 * 60_000 }
  : { kills: 20, slowClients: 500, soakMs: 300_000 }

/** From `MIXMATCH_FAULTS_SEED`, else another one in each run. It decides what is killed when. */
export const seed = Number(process.env['MIXMATCH_FAULTS_SEED'] ?? Date.now() % 1_000_000)
