import { registerHooks } from 'node:module'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner'
import { loadTests, runBody } from './ava-in-process.js'
import { findTestFiles, reaches, SLOW_TITLE } from './test-files.js'

// Stryker's test runner for this project: it loads each file of tests once and runs, for each mutant,
// the tests that reach it.

/** What the mutated code reads, and where it counts what runs. */
const stryker = {}
globalThis['__stryker__'] = stryker
const AVA = 'in-process:ava'
const standIn = new URL('ava-in-process.js', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'ava' ? { url: AVA, shortCircuit: true } : next(specifier, context),
  load: (url, context, next) =>
    url === AVA
      ? {
          format: 'module',
          source: `export { test as default } from ${JSON.stringify(standIn)}`,
          shortCircuit: true,
        }
      : next(url, context),
})

/** The name under which the hooks of a file count: what they reach, all tests of the file reach. */
const hooksOf = file => `${file} before`
const idOf = (file, title) => `${file} ${title}`

class MutationRunner {
  #loaded = new Map()
  #stray

  capabilities() {
    return { reloadEnvironment: false }
  }

  init() {
    const keep = error => {
      this.#stray = error
    }
    process.on('unhandledRejection', keep)
    process.on('uncaughtException', keep)
  }

  async dryRun({ files }) {
    const mutated = (files ?? []).map(file => relative('.', file))
    const reached = findTestFiles().filter(test => mutated.some(file => reaches(test, file)))
    const result = await this.#run(reached, undefined, false)
    return { ...result, mutantCoverage: stryker.mutantCoverage }
  }

  async mutantRun({ activeMutant, testFilter, sandboxFileName, mutantActivation, hitLimit }) {
    stryker.hitLimit = hitLimit
    stryker.hitCount = hitLimit === undefined ? undefined : 0
    const mutated = relative('.', sandboxFileName)
    const files = findTestFiles().filter(file =>
      testFilter === undefined
        ? reaches(file, mutated)
        : testFilter.some(id => id.startsWith(`${file} `)),
    )
    if (mutantActivation === 'static') stryker.activeMutant = activeMutant.id
    for (const file of files) await this.#load(file)
    stryker.activeMutant = activeMutant.id
    try {
      const result = await this.#run(files, testFilter, true)
      return toMutantRunResult(determineHitLimitReached(stryker.hitCount, hitLimit) ?? result)
    } finally {
      stryker.activeMutant = undefined
    }
  }

  async #run(files, filter, bails) {
    const results = []
    for (const file of files) {
      const failed = await this.#runFile(file, filter, bails, results)
      if (failed && bails) break
    }
    stryker.currentTestId = undefined
    return { status: DryRunStatus.Complete, tests: results }
  }

  async #runFile(file, filter, bails, results) {
    const loaded = await this.#load(file)
    const begin = performance.now()
    if (
      await this.#try(hooksOf(file), results, async () => {
        for (const hook of loaded.before) await runBody(hook)
      })
    )
      return true
    let failed = false
    for (const { title, body } of loaded.tests) {
      if (SLOW_TITLE.test(title)) continue
      const id = idOf(file, title)
      if (filter !== undefined && !filter.includes(id) && !filter.includes(hooksOf(file))) continue
      failed = (await this.#try(id, results, () => runBody(body))) || failed
      if (failed && bails) break
    }
    stryker.currentTestId = hooksOf(file)
    for (const hook of loaded.after) await runBody(hook).catch(() => {})
    const hooks = results.find(({ id }) => id === hooksOf(file))
    hooks.timeSpentMs = performance.now() - begin
    return failed
  }

  /** @returns whether it failed */
  async #try(id, results, body) {
    stryker.currentTestId = id
    this.#stray = undefined
    const begin = performance.now()
    let fault
    try {
      await body()
      fault = this.#stray
    } catch (error) {
      fault = error
    }
    const result = { id, name: id, timeSpentMs: performance.now() - begin }
    if (fault === undefined) results.push({ ...result, status: TestStatus.Success })
    else
      results.push({
        ...result,
        status: TestStatus.Failed,
        failureMessage: `${fault?.stack ?? fault}`,
      })
    return fault !== undefined
  }

  async #load(file) {
    const known = this.#loaded.get(file)
    if (known) return known
    stryker.currentTestId = undefined
    const tests = await loadTests(pathToFileURL(resolve(file)).href)
    this.#loaded.set(file, tests)
    return tests
  }
}

function createRunner() {
  return new MutationRunner()
}
createRunner.inject = tokens()

/** Prints each change that no test noticed, when it is known: a long run may be ended early. */
const printSurvivors = () => ({
  onMutantTested({ status, fileName, location: { start }, mutatorName, replacement }) {
    if (status !== 'Survived' && status !== 'NoCoverage') return
    const at = `${relative('.', fileName)}:${start.line}:${start.column}`
    process.stdout.write(`${status} ${at} ${mutatorName}: ${replacement}\n`)
  },
})
printSurvivors.inject = tokens()

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'mixmatch', createRunner),
  declareFactoryPlugin(PluginKind.Reporter, 'survivors', printSurvivors),
]
