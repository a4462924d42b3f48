import test from 'ava'
import fc from 'fast-check'
import { parsePythonJson } from '../../src/notification/python-json.js'

test('a long integer keeps its digits wherever it stands in the text', t => {
  for (let offset = 0; offset < 40; offset += 1) {
    const text = `{"${'x'.repeat(offset)}":9007199254740993,"-":-123456789012345678901234}`
    t.is(JSON.stringify(parsePythonJson(text)), text)
  }
  for (const text of ['9007199254740993', '[9007199254740993]', '[1,0.5,1e-05,9007199254740993]'])
    t.is(JSON.stringify(parsePythonJson(text)), text)
})

test('law: a list of integers of any length keeps all digits', t => {
  const digits = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.stringMatching(/^[0-9]{0,30}$/))
  fc.assert(
    fc.property(fc.array(digits.map(([first, rest]) => `${first}${rest}`)), numbers => {
      const text = `[${numbers.join(',')}]`
      t.is(JSON.stringify(parsePythonJson(text)), text)
    }),
  )
})
