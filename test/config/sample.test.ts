import { readFileSync } from 'node:fs'
import test from 'ava'
import { options } from '../../src/config/options.js'
import { renderSample } from '../../src/config/sample.js'
import { check } from './configurations.js'

test('etc/mixmatch.conf.sample is up to date', t => {
  t.is(readFileSync('etc/mixmatch.conf.sample', 'utf8'), renderSample())
})

test('the sample is a valid configuration', t => {
  const { config, problems, warnings } = check(t, renderSample())
  t.deepEqual([...problems, ...warnings], [])
  t.deepEqual(
    config?.clouds.map(({ name }) => String(name)),
    ['default', 'cornmeal'],
  )
})

test('every default and example in the sample is valid', t => {
  const uncommented = renderSample()
    .replace(/^#(?=[a-z_]+ = )/gm, '')
    .replace(/^(password_file|cafile) = .*/gm, '')
  const { problems, warnings } = check(t, uncommented)
  t.deepEqual(problems, [])
  t.deepEqual(warnings, [])
})

test('every option is in the sample', t => {
  for (const [group, members] of Object.entries(options)) {
    const heading = group === 'sp' ? '[sp_cornmeal]' : `[${group}]`
    const [, after = ''] = renderSample().split(`\n${heading}\n`)
    const [section = ''] = after.split(/^\[/m)
    for (const { name } of Object.values(members)) {
      t.regex(section, new RegExp(`^#?${name} = \\S`, 'm'), `${heading} ${name}`)
    }
  }
})
