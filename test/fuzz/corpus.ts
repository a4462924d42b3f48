import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Inputs that once reached new code, or that once were a finding. Each is stored as base64. */
export function readCorpus(target: string): Buffer[] {
  const file = fileOf(target)
  if (!existsSync(file)) return []
  const inputs = JSON.parse(readFileSync(file, 'utf8')) as string[]
  return inputs.map(input => Buffer.from(input, 'base64'))
}

/** Replace the corpus of a target. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const lines = inputs.map(input => input.toString('base64')).toSorted()
  writeFileSync(fileOf(target), `${JSON.stringify(lines, null, 2)}\n`)
}

function fileOf(target: string): URL {
  return new URL(`corpus/${target}.json`, import.meta.url)
}
