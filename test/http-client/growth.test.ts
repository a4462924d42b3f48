import test from 'ava'
import { growthForEight, MOST_FOR_EIGHT } from '../growth.js'
import { hostileResponses } from './hostile-responses.js'

for (const response of hostileResponses) {
  test(`reading ${response.name} takes time in proportion to its length`, t => {
    const growth = growthForEight(response, { size: 25_000 })
    t.true(growth <= MOST_FOR_EIGHT, `8 times the bytes took ${growth} times as long`)
  })
}
