import test from 'ava'
import { readCorpus } from './corpus.js'
import { findFault, fuzzTargets } from './targets.js'

for (const target of fuzzTargets) {
  test(`${target.name}: no input of the fuzzer's corpus breaks a law`, t => {
    const inputs = [...target.seeds, ...readCorpus(target.name)]
    for (const bytes of inputs) t.is(findFault(target, bytes), null, bytes.toString('base64'))
  })
}
