import { type Growing, MOST_FOR_EIGHT, measureGrowth } from '../growth.js'
import { hostileTexts } from '../hostile-texts.js'
import { hostileResponses } from '../http-client/hostile-responses.js'
import { hostileMessages } from '../notification/hostile-messages.js'
import { hostileHistories } from '../projection/hostile-histories.js'
import { hostileBodies } from '../upstream/hostile-bodies.js'

// How the time grows with the size of what comes from outside: n, 2n, 4n, 8n. Ends with 1 where anything
// grows much faster than its input. `npm run bench:growth`

const SIZE = 200_000

function isLinear<Input>(each: Growing<Input>): boolean {
  const growth = [2, 4, 8].map(factor => measureGrowth(each, { size: SIZE, factor }))
  const passed = (growth.at(-1) ?? 0) <= MOST_FOR_EIGHT
  const ratios = growth.map(ratio => ratio.toFixed(1).padStart(6)).join('')
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${each.name.padEnd(40)} ${ratios}\n`)
  return passed
}

const results = [
  ...[...hostileMessages, ...hostileBodies].map(isLinear),
  ...hostileResponses.map(isLinear),
  ...hostileTexts.map(isLinear),
  ...hostileHistories.map(isLinear),
]
process.exitCode = results.includes(false) ? 1 : 0
