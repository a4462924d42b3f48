import test from 'ava'
import { measureGrowth } from './growth.js'
import { hostileTexts } from './hostile-texts.js'

test('each reader of external text takes time in proportion to the length of the text', t => {
  for (const text of hostileTexts) {
    const growth = measureGrowth(text, { size: 25_000, factor: 8 })
    t.true(
      growth <= 24,
      `${text.name}: eight times the length took ${growth.toFixed(1)} times as long`,
    )
  }
})
