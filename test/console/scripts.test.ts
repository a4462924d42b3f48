import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'

/** The options of this project, for scripts of a browser. */
const options =
  '--ignoreConfig --noEmit --allowJs --checkJs --strict --noUncheckedIndexedAccess --target es2022 ' +
  '--module esnext --moduleResolution bundler --lib es2023,dom,dom.iterable'

test('the types of the scripts of the console are right', async t => {
  const files = ['console', 'tail'].map(name => `src/console/assets/${name}.js`)
  await t.notThrowsAsync(
    promisify(execFile)('node_modules/.bin/tsc', [...options.split(' '), '--types', '', ...files]),
  )
})
