import test from 'ava'
import { growthForEight, MOST_FOR_EIGHT } from '../growth.js'
import { hostileHistories } from './hostile-histories.js'

for (const history of hostileHistories) {
  test.serial(`${history.name}: the time to update the views does not grow with the square`, t => {
    const growth = growthForEight(history, { size: 50_000, runs: 1 })
    t.true(growth <= MOST_FOR_EIGHT, `8 times the events took ${growth} times as long`)
  })
}
