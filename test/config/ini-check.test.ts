import test from 'ava'
import { findCommentsInValues } from '../../src/config/ini-check.js'
import { parseOsloIni } from '../../src/config/oslo-ini.js'
import { check, least } from './configurations.js'

const marksIn = (text: string) =>
  findCommentsInValues(parseOsloIni(`[x]\n${text}\n`, 'x.conf').assignments).map(({ origin }) =>
    origin.from === 'file' ? origin.line : null,
  )

test('a comment behind a value gets a warning, because it is part of the value', t => {
  const { config, warnings } = check(t, `${least}[auth]\nproject_name = service # of ours\n`)
  t.deepEqual(warnings, [
    'mixmatch.conf:9 [auth] project_name: a comment must have its own line: what comes after the # is part of this value',
  ])
  t.not(config, null)
})

for (const text of [
  'a = b ; c',
  'a = b\t# c',
  'a = "b" # c',
  'a = # c',
  'a: b # c',
  'a = b ## c',
  'a = b # c # d',
]) {
  test(`a comment seems to begin in ${JSON.stringify(text)}`, t => {
    t.deepEqual(marksIn(text), [2])
  })
}

for (const text of [
  'a = b#c',
  'a = b;c',
  'a = "b # c"',
  "a = 'b ; c'",
  'a = b \\# c',
  'a = true',
  'a =',
  '# a = b # c',
  'a = /x.conf?y=z',
]) {
  test(`no comment seems to begin in ${JSON.stringify(text)}`, t => {
    t.deepEqual(marksIn(text), [])
  })
}

test('a comment behind a list item is reported with its line', t => {
  t.deepEqual(marksIn('a = b,\n  c # d\n  e'), [3])
})

test('a warning about a password does not contain it', t => {
  const { warnings } = check(t, `${least}[auth]\nproject_name = x\npassword = hunter2 # rabbit\n`)
  t.is(warnings.length, 1)
  t.notRegex(warnings[0] ?? '', /hunter2|rabbit/)
})
