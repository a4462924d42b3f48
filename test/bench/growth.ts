import { type Growing, measureGrowth } from '../growth.js'
import { hostileMessages } from '../notification/hostile-messages.js'
import { hostileBodies } from '../upstream/hostile-bodies.js'

// How the time grows with the size of what a cloud sends: n, 2n, 4n, 8n. Ends with 1 where anything
// grows much faster than its input. `npm run bench:growth`

const SIZE = 200_000
/** The square of eight is 64. */
const MOST_FOR_EIGHT = 24

const inputs: readonly Growing<Buffer>[] = [...hostileMessages, ...hostileBodies]
const failed = inputs.filter(each => {
  const growth = [2, 4, 8].map(factor => measureGrowth(each, { size: SIZE, factor }))
  const isLinear = (growth.at(-1) ?? 0) <= MOST_FOR_EIGHT
  const ratios = growth.map(ratio => ratio.toFixed(1).padStart(6)).join('')
  process.stdout.write(`${isLinear ? 'ok    ' : 'FAILED'} ${each.name.padEnd(36)} ${ratios}\n`)
  return !isLinear
})
process.exitCode = failed.length === 0 ? 0 : 1
