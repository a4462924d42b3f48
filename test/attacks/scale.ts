/** `MIXMATCH_ATTACKS=long` tries more of everything. */
export const isLong = process.env['MIXMATCH_ATTACKS'] === 'long'

/** `MIXMATCH_ATTACKS_SEED` repeats a run. Each test prints it. */
export const seed = Number(process.env['MIXMATCH_ATTACKS_SEED'] ?? Date.now() % 1_000_000)
