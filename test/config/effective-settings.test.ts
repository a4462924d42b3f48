import test from 'ava'
import { createSettings } from '../../src/config/effective-settings.js'
import * as kinds from '../../src/config/kinds.js'
import { option } from '../../src/config/option.js'
import { parseOsloIni } from '../../src/config/oslo-ini.js'

const buses = option('buses', kinds.transportUrls, '', 'Several.', { repeats: true, secret: true })
const names = option('names', kinds.listOf(kinds.text), '', 'Several.')

function settingsOf(...texts: string[]) {
  const files = texts.map((text, index) => ({
    file: `${index}.conf`,
    ...parseOsloIni(text, `${index}.conf`),
  }))
  return createSettings(files, {})
}

test('a repeatable option has the values of all its lines in all files', t => {
  const settings = settingsOf(
    '[x]\nbuses = rabbit://a:p@one:5672,a:p@two:5672/\n  rabbit://b:p@three/\nbuses = rabbit://four/,\n',
    '[x]\nbuses = "rabbit://five/", rabbit://six/v',
  )
  t.deepEqual(settings.read('x', buses), [
    'rabbit://a:p@one:5672,a:p@two:5672/',
    'rabbit://b:p@three/',
    'rabbit://four/',
    'rabbit://five/',
    'rabbit://six/v',
  ])
  t.deepEqual(settings.problems, [])
})

test('an option that is not repeatable has the value of its last line', t => {
  const settings = settingsOf('[x]\nnames = a\nnames = b,\n  c\n', '[x]\nnames = d, e')
  t.deepEqual(settings.read('x', names), ['d', 'e'])
})

test('an invalid item of a secret list is reported without its secret', t => {
  const settings = settingsOf('[x]\nbuses = rabbit://one/\n  http://user:hunter2@two/\n')
  settings.read('x', buses)
  t.is(settings.problems.length, 1)
  t.notRegex(settings.problems[0]?.message ?? '', /hunter2/)
})

test('the items of a secret list are masked one by one', t => {
  t.is(
    buses.kind.mask?.('rabbit://a:hunter2@one/\nrabbit://b:hunter2@two/'),
    'rabbit://a:***@one:5672/%2F, rabbit://b:***@two:5672/%2F',
  )
})
