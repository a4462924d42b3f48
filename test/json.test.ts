import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { parseJson, textAt, valueAt } from '../src/json.js'

const document = { volume: { name: 'disk', size: 1, 'a/b': { '~': 'odd' } }, list: ['x'] }

test('a pointer finds its value in a document', t => {
  t.is(valueAt(document, '/volume/size'), 1)
  t.is(valueAt(document, '/list/0'), 'x')
  t.is(valueAt(document, '/volume/a~1b/~0'), 'odd')
  t.deepEqual(valueAt(document, '/list'), ['x'])
})

test('a pointer finds nothing beyond the end of an array, in a string or among inherited members', t => {
  for (const pointer of [
    '/volume/id',
    '/volume/name/length',
    '/constructor',
    '/__proto__',
  ] as const) {
    t.is(valueAt(document, pointer), undefined)
  }
  t.is(valueAt(undefined, '/volume'), undefined)
  t.is(valueAt(null, '/volume'), undefined)
})

test('only a string is read as text', t => {
  t.is(textAt(document, '/volume/name'), 'disk')
  t.is(textAt(document, '/volume/size'), null)
  t.is(textAt(document, '/volume'), null)
  t.is(textAt({ name: null }, '/name'), null)
})

test('a text that is not JSON has no value', t => {
  for (const text of ['', '{', 'NaN', '01', "{'a': 1}"]) t.is(parseJson(text), undefined)
  t.is(parseJson('null'), null)
  t.deepEqual(parseJson('{"a":[1]}'), { a: [1] })
})

test('JSON is parsed in one place, and Python’s dialect of it in another', t => {
  const source = fileURLToPath(new URL('../src', import.meta.url))
  const parsing = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .filter(name => readFileSync(join(source, name), 'utf8').includes('JSON.parse('))
  t.deepEqual(parsing.sort(), ['json.ts', 'notification/python-json.ts'])
})
