import test from 'ava'
import { measureGrowth } from '../growth.js'
import { hostileMessages } from './hostile-messages.js'

for (const hostile of hostileMessages) {
  test.serial(
    `${hostile.name}: the time to read the message grows with its size, not with the square`,
    t => {
      const growth = measureGrowth(hostile, { size: 20_000, factor: 16, runs: 2 })
      t.true(growth < 80, `16 times the size took ${growth} times as long`) // the square of 16 is 256
    },
  )
}
