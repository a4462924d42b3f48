import test from 'ava'
import { visibleLine, visibleText } from '../src/visible-text.js'

test('control characters become visible escapes', t => {
  t.is(visibleText('\u001b]0;owned\u0007\u001b[2J'), '\\x1b]0;owned\\x07\\x1b[2J')
  t.is(visibleText('\b\0\u007f'), '\\x08\\x00\\u007f')
  t.is(visibleText('\u009b31m \u202egpj.exe \u2028'), '\\u009b31m \\u202egpj.exe \\u2028')
})

test('a carriage return that would overwrite its line becomes visible', t => {
  t.is(visibleText('deleted\rkept'), 'deleted\\rkept')
})

test('line ends, tabs and letters of all scripts stay', t => {
  const text = 'ünlü 大\t😀 עברית\r\nتجربة\n'
  t.is(visibleText(text), text)
})

test('visibleLine escapes line ends and tabs as well', t => {
  t.is(visibleLine('a\r\nb\nc\td'), 'a\\r\\nb\\nc\\td')
})

test('visibleText keeps the meaning of JSON', t => {
  const value = { name: '\u001b[2J \u009b \u007f \u202e \n' }
  const shown = visibleText(JSON.stringify(value))
  t.notRegex(shown, /[\p{Cc}\u202e]/u)
  t.deepEqual(JSON.parse(shown), value)
})
