import test from 'ava'
import { measureGrowth } from '../growth.js'
import { hostileHistories } from './hostile-histories.js'

for (const history of hostileHistories) {
  test.serial(`${history.name}: the time to update the views does not grow with the square`, t => {
    const growth = measureGrowth(history, { size: 50_000, factor: 8, runs: 1 })
    t.true(growth < 32, `8 times the events took ${growth} times as long`) // the square of 8 is 64
  })
}
