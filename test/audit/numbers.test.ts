import test from 'ava'
import { formatCount } from '../../src/audit/numbers.js'

test('a count of one is singular, any other count is plural', t => {
  t.is(formatCount(1, 'gap'), '1 gap')
  t.is(formatCount(0, 'gap'), '0 gaps')
  t.is(formatCount(2, 'anomaly', 'anomalies'), '2 anomalies')
})
