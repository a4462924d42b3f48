import { writeFileSync } from 'node:fs'
import { renderReference } from '../../src/config/reference.js'
import { renderSample } from '../../src/config/sample.js'

// `npm run docs`: what is made of the table of options, where the tests expect it.
writeFileSync('etc/mixmatch.conf.sample', renderSample())
writeFileSync('docs/configuration.md', renderReference())
