import test from 'ava'
import { measureGrowth } from './growth.js'
import { hostileTexts } from './hostile-texts.js'

test('texts from outside are read in a time in proportion to their length', t => {
  for (const text of hostileTexts) {
    const growth = measureGrowth(text, { size: 25_000, factor: 8 })
    t.true(
      growth <= 24,
      `${text.name}: eight times the length took ${growth.toFixed(1)} times as long`,
    )
  }
})
