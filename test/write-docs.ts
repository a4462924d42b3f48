import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderOptionsPage } from '../src/config/options-page.js'
import { renderSample } from '../src/config/sample.js'
import { manPages } from './cli/whole-program.js'
import { renderLicencesPage } from './supply-chain/licences-page.js'

// `npm run docs` writes the pages that are made from options, commands and the lock file, where the tests expect them.
writeFileSync('etc/mixmatch.conf.sample', renderSample())
writeFileSync('docs/configuration.md', renderOptionsPage())
writeFileSync('docs/licences.md', renderLicencesPage())

rmSync('etc/man', { recursive: true, force: true })
mkdirSync('etc/man')
for (const [file, text] of await manPages()) writeFileSync(join('etc/man', file), text)
