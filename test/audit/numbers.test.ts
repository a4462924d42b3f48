import test from 'ava'
import { counted } from '../../src/audit/numbers.js'

test('one of a kind is counted in the singular, any other number in the plural', t => {
  t.is(counted(1, 'gap'), '1 gap')
  t.is(counted(0, 'gap'), '0 gaps')
  t.is(counted(2, 'anomaly', 'anomalies'), '2 anomalies')
})
