import test from 'ava'
import { growthForEight, MOST_FOR_EIGHT } from '../growth.js'
import { hostileMessages } from './hostile-messages.js'

for (const hostile of hostileMessages) {
  test.serial(
    `${hostile.name}: the time to read the message grows with its size, not with the square`,
    t => {
      const growth = growthForEight(hostile, { size: 40_000, runs: 2 })
      t.true(growth <= MOST_FOR_EIGHT, `8 times the size took ${growth} times as long`)
    },
  )
}
