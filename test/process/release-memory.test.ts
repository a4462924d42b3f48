import { getHeapSpaceStatistics } from 'node:v8'
import test from 'ava'
import { releaseMemory, releaseMemoryWhenQuiet } from '../../src/process/release-memory.js'

function youngBytes(): number {
  const spaces = getHeapSpaceStatistics()
  return spaces.find(({ space_name }) => space_name === 'new_space')?.physical_space_size ?? 0
}

test('a process that has allocated much gives the memory of its young objects back', t => {
  // V8 gives young objects more room when many of them survive.
  const kept: object[] = []
  for (let count = 0; count < 500_000; count += 1) kept.push({ count, text: `${count}` })
  t.is(kept.length, 500_000)
  const before = youngBytes()
  t.true(before > 8 * 1024 * 1024, `${before}`)
  releaseMemory()
  const after = youngBytes()
  t.true(after < before / 2, `${before} to ${after}`)
})

test('a process gives memory back once, and not before it is quiet', async t => {
  const measured = [1, 0.4, 0.04]
  let releases = 0
  await new Promise<void>(resolve => {
    releaseMemoryWhenQuiet({
      everyMs: 1,
      utilization: () => measured.shift() ?? 0,
      release() {
        releases += 1
        setTimeout(resolve, 20)
      },
    })
  })
  t.is(releases, 1)
  t.deepEqual(measured, [])
})
