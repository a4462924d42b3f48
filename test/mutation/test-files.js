import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Tests that call the mutated code in their own process: another process would not see the mutant. */
const TESTS = [
  'test/{routing,log,projection,notification,replay,event}/*.test.ts',
  'test/redaction.test.ts',
]
/** These start other processes or measure time. */
const LEFT_OUT = /(growth|pace|read-only|holder)\.test\.ts$/
/** So do these tests; laws try a hundred histories, for seconds, and some verify a log a hundred times. */
export const SLOW_TITLE = /^(law:|verification by |verify finds every )/

/** @returns paths relative to the project, which is the working directory */
export function findTestFiles() {
  return TESTS.flatMap(pattern => globSync(pattern))
    .filter(file => !LEFT_OUT.test(file))
    .sort()
}

/** Whether a file imports another, directly or through others. */
export function reaches(file, wanted) {
  return importsOf(file, new Set()).has(wanted)
}

function importsOf(file, seen) {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+)'/g)) {
    const target = relative('.', join(dirname(file), specifier.replace(/\.js$/, '.ts')))
    if (existsSync(target)) importsOf(target, seen)
  }
  return seen
}
