import test from 'ava'
import fc from 'fast-check'
import ini from 'ini'
import { formatIssue } from '../../src/config/config-issue.js'
import { parseOsloIni, unquote } from '../../src/config/oslo-ini.js'

const read = (text: string) => parseOsloIni(text, 'mixmatch.conf')
const valuesOf = (text: string) =>
  Object.fromEntries(
    read(text).assignments.map(({ section, option, value }) => [`${section}.${option}`, value]),
  )
const problemsOf = (text: string) => read(text).problems.map(formatIssue)

test('semicolons and hashes in a value are part of it', t => {
  t.deepEqual(valuesOf('[auth]\npassword = a;b#c # d\n'), { 'auth.password': 'a;b#c # d' })
})

test('a comment must have its own line', t => {
  t.deepEqual(valuesOf('# one\n[auth]\n; two\nusername = u\n#username = v\n'), {
    'auth.username': 'u',
  })
})

test('a dot in a section name is an ordinary character', t => {
  t.deepEqual(valuesOf('[sp_a.b]\nx = 1\n[sp_a]\nx = 2\n'), { 'sp_a.b.x': '1', 'sp_a.x': '2' })
})

test('names such as __proto__ and constructor are ordinary names', t => {
  const { assignments, sections } = read('[__proto__]\n__proto__ = 1\nconstructor = 2\nkey[] = 3\n')
  t.deepEqual(
    sections.map(({ name }) => name),
    ['__proto__'],
  )
  t.deepEqual(
    assignments.map(({ option, value }) => [option, value]),
    [
      ['__proto__', '1'],
      ['constructor', '2'],
      ['key[]', '3'],
    ],
  )
  t.false('1' in Object.prototype)
})

test('a second section of the same name continues the first', t => {
  const text = '[auth]\nusername = u\n[DEFAULT]\nport = 1\n[auth]\nproject_name = p\n'
  t.deepEqual(valuesOf(text), {
    'auth.username': 'u',
    'DEFAULT.port': '1',
    'auth.project_name': 'p',
  })
})

test('an indented line continues the value, until a blank line', t => {
  const text = '[DEFAULT]\nservice_providers =\n  default,\n\tsp1\n\nport = 1\n'
  t.deepEqual(valuesOf(text), {
    'DEFAULT.service_providers': '\ndefault,\nsp1',
    'DEFAULT.port': '1',
  })
})

test('the first = or : separates name and value', t => {
  t.deepEqual(valuesOf('[a]\nb: c = d\ne = f: g\nurl=http://h:1/?x=y\n'), {
    'a.b': 'c = d',
    'a.e': 'f: g',
    'a.url': 'http://h:1/?x=y',
  })
})

test('hyphens in option names are underscores, and only DEFAULT keeps its capitals', t => {
  t.deepEqual(valuesOf('[DEFAULT]\ncache-time = 1\n[SP_Cornmeal-SP]\nsp-name = x\n'), {
    'DEFAULT.cache_time': '1',
    'sp_cornmeal-sp.sp_name': 'x',
  })
})

test('line numbers are right for any line ends, with or without a byte order mark', t => {
  for (const end of ['\n', '\r\n', '\r']) {
    const { assignments } = read(`\uFEFF# one${end}[a]${end}${end}b = 1${end}  2${end}c = 3`)
    t.deepEqual(
      assignments.map(({ option, line, value }) => [option, line, value]),
      [
        ['b', 4, '1\n2'],
        ['c', 6, '3'],
      ],
    )
  }
})

test('quotes around a value are removed, and nothing inside is unescaped', t => {
  t.is(unquote('"a b"'), 'a b')
  t.is(unquote("' a '"), ' a ')
  t.is(unquote('"a\\nb"'), 'a\\nb')
  t.is(unquote('"a'), '"a')
  t.is(unquote('"a\''), '"a\'')
  t.is(unquote('"'), '"')
  t.is(unquote('true'), 'true')
})

test('an unreadable line is reported by its number, without its text', t => {
  const text = [
    'early = 1',
    '[auth]',
    'password = hunter2',
    'and the rest of hunter2',
    '= nameless hunter2',
    '[auth] # hunter2',
    'username = skipped',
    '[]',
  ].join('\n')
  t.deepEqual(problemsOf(text), [
    'mixmatch.conf:1: expected a [section] before the first option',
    'mixmatch.conf:4 [auth]: expected option = value, or a # before a comment',
    'mixmatch.conf:5 [auth]: expected option = value, or a # before a comment',
    'mixmatch.conf:6: expected [section] and nothing else on its line',
    'mixmatch.conf:8: expected [section] and nothing else on its line',
  ])
})

test('an indented line without a value above it is a problem', t => {
  t.deepEqual(problemsOf('[auth]\n  username = u\n'), [
    'mixmatch.conf:2 [auth]: an indented line continues the one above it, and there is none: unindent it',
  ])
})

test('ini and oslo-ini agree on plain files', t => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_/:@]{0,12}[a-z]$/)
  const group = fc.tuple(word, fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 5 }))
  const isOwn = (value: string) => !['true', 'false', 'null'].includes(value)
  fc.assert(
    fc.property(fc.array(group, { maxLength: 5 }), groups => {
      const plain = groups.map(
        ([name, options]) =>
          [
            name.replace(/\W/g, ''),
            options
              .filter(([, value]) => isOwn(value))
              .map(([key, value]) => [key.replace(/\W/g, ''), value] as const),
          ] as const,
      )
      const text = plain
        .map(
          ([name, options]) => `[${name}]\n${options.map(each => each.join(' = ')).join('\n')}\n`,
        )
        .join('\n')
      const ours: Record<string, Record<string, string>> = {}
      for (const { name } of read(text).sections) ours[name] ??= {}
      for (const { section, option, value } of read(text).assignments) {
        ours[section] = { ...ours[section], [option]: value }
      }
      t.deepEqual(ours, JSON.parse(JSON.stringify(ini.parse(text))))
    }),
    { numRuns: 100 },
  )
})
