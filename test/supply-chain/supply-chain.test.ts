import { readFileSync } from 'node:fs'
import test from 'ava'
import { renderLicencesPage } from './licences-page.js'
import { readLockFile } from './lock-file.js'

/** Licences under which a package may be installed with Mixmatch: none asks anything of who runs it. */
const permissive = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]

test('docs/licences.md is up to date', t => {
  t.is(
    readFileSync('docs/licences.md', 'utf8'),
    renderLicencesPage(),
    'npm run docs writes it anew',
  )
})

test('every package that is installed with Mixmatch has a permissive licence', t => {
  const installed = readLockFile().filter(({ dev }) => !dev)
  t.true(installed.length > 0)
  t.deepEqual(
    installed.filter(({ licence }) => !permissive.includes(licence)),
    [],
  )
})

test('the lock file has the hash of every package that npm installs on this system', t => {
  const without = readLockFile().filter(({ hasIntegrity }) => !hasIntegrity)
  t.deepEqual(
    without.filter(({ dev, isOptional }) => !dev || !isOptional),
    [],
  )
})

test('no package that is installed with Mixmatch runs a script at its installation', t => {
  const scripted = readLockFile().filter(({ hasInstallScript }) => hasInstallScript)
  t.deepEqual(
    scripted.filter(({ dev }) => !dev),
    [],
  )
})
