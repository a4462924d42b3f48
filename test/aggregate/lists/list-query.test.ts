import test from 'ava'
import { valuesOf, withParameters } from '../../../src/aggregate/lists/list-query.js'

test('all values of a parameter are found, decoded', t => {
  const query = '?tag=a%2Cb&x=1&tag=c+d&t%61g=e&tag&tag=f%ff'
  t.deepEqual(valuesOf(query, 'tag'), ['a,b', 'c d', 'e', '', 'f%ff'])
  t.deepEqual(valuesOf('', 'tag'), [])
})

test('parameters are replaced or removed, and all others keep every byte', t => {
  const query = '?tag=a%3fb&limit=2&&name=x+y&LIMIT=3&tag=%ff&l%69mit=4'
  t.is(withParameters(query, { limit: null }), '?tag=a%3fb&name=x+y&LIMIT=3&tag=%ff')
  t.is(withParameters('?a=1', { b: '2 &' }), '?a=1&b=2%20%26')
})

test('a query without parameters is empty', t => {
  t.is(withParameters('?limit=2', { limit: null }), '')
  t.is(withParameters('?', {}), '')
})
