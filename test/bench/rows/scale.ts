import { type Bar, type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene } from '../scene.js'
import { openRig } from '../small-requests.js'

/** A configuration of Mixmatch whose cost for each request is compared with another one. */
interface Variant {
  readonly name: string
  readonly resources: number
  readonly serviceProviders: number
  readonly workers: number
  /** The cloud of the image that is requested. */
  readonly cloud: string
}

const plain = { resources: 100_000, serviceProviders: 2, workers: 1, cloud: 'default' }
const TWO = { ...plain, name: '2 service providers', cloud: 'sp1' }

export const resources = compareVariants(
  { name: 'resources', title: 'more resources in the views' },
  [10_000, 1_000_000, 10_000_000].map(count => ({
    ...plain,
    name: `${count.toLocaleString('en-US')} resources`,
    resources: count,
  })),
  [1.1, 1.2],
)

export const clouds = compareVariants(
  { name: 'clouds', title: 'more service providers, id at one of them' },
  [TWO, { ...TWO, name: '50 service providers', serviceProviders: 50 }],
  [1.1],
)

export const workers = compareVariants(
  { name: 'workers', title: 'more workers' },
  [
    { ...plain, name: 'one worker' },
    { ...plain, name: 'two workers', workers: 2 },
  ],
  [1.1],
)

/** @param bars the CPU of each variant but the first, at most, relative to the variant before it */
function compareVariants(
  { name, title }: { name: string; title: string },
  variants: readonly Variant[],
  bars: readonly number[],
): Row {
  return {
    name,
    title: `small requests: ${title}`,
    async measure(options) {
      const some = options.quick ? variants.filter(each => each.resources <= 1e6) : variants
      const micros = await measureVariants(some, options)
      return some.slice(1).map((variant, index): Result => {
        const before = { name: some[index]?.name ?? '', value: micros[index] ?? 0 }
        const bar: Bar = { atMost: bars[index] ?? 1 }
        return ratio(`CPU, ${variant.name}`, micros[index + 1] ?? 0, before, { unit: 'µs', bar })
      })
    },
  }
}

async function measureVariants(
  variants: readonly Variant[],
  options: RowOptions,
): Promise<number[]> {
  await using rig = await openRig()
  await using scene = await openScene(options)
  const { upstream } = rig
  const subjects = []
  for (const { name, resources, serviceProviders: count, workers, cloud } of variants) {
    const serviceProviders = Array.from({ length: count }, (_, index) => `sp${index + 1}`)
    const { imagePath, ...mixmatch } = await scene.startMixmatch(resources, {
      ...{ upstream, workers, serviceProviders },
    })
    subjects.push({ ...mixmatch, name, path: imagePath(cloud), token: scene.token })
  }
  const rounds = options.quick ? { rounds: 1, seconds: 2 } : { rounds: 3, seconds: 3 }
  return (await rig.measure(subjects, rounds)).map(({ micros }) => micros)
}
