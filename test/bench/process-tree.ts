import { readdirSync, readFileSync } from 'node:fs'

/** A process and all its descendants. */
export function processTree(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => ({ pid: Number(pid), parent: parentOf(Number(pid)) }))
  const tree = [root]
  for (const member of tree) {
    tree.push(...parents.filter(({ parent }) => parent === member).map(({ pid }) => pid))
  }
  return tree
}

function parentOf(pid: number): number {
  // The name of the program stands in parentheses, and may contain spaces.
  return Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1] ?? 0)
}

/** Nanoseconds of CPU that the threads of these processes have used, user and system. */
export function cpuNanoseconds(pids: readonly number[]): number {
  return sum(pids.flatMap(pid => threads(pid).map(thread => Number(thread.split(' ')[0] ?? 0))))
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(id => read(`/proc/${pid}/task/${id}/schedstat`))
  } catch {
    return [] // the process has ended
  }
}

/** MiB of memory: `Rss` counts shared pages fully, `Pss` by the number of processes that share them. */
export function memoryMebibytes(pids: readonly number[], kind: 'Rss' | 'Pss'): number {
  const pattern = new RegExp(`^${kind}:\\s+(\\d+) kB`, 'm')
  return sum(
    pids.map(pid => Number(pattern.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024),
  )
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // the process has ended
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
