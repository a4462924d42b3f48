import test from 'ava'
import { measureGrowth } from '../growth.js'
import { hostileResponses } from './hostile-responses.js'

for (const response of hostileResponses) {
  test(`reading ${response.name} takes time in proportion to its length`, t => {
    const growth = measureGrowth(response, { size: 25_000, factor: 8 })
    t.true(growth <= 24, `eight times the bytes took ${growth.toFixed(1)} times as long`)
  })
}
