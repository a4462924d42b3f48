import test from 'ava'
import { growthForEight, MOST_FOR_EIGHT } from './growth.js'
import { hostileTexts } from './hostile-texts.js'

test('each reader of external text takes time in proportion to the length of the text', t => {
  for (const text of hostileTexts) {
    const growth = growthForEight(text, { size: 25_000 })
    t.true(
      growth <= MOST_FOR_EIGHT,
      `${text.name}: 8 times the length took ${growth} times as long`,
    )
  }
})
