import { readdirSync, readFileSync } from 'node:fs'

/** The resources that a process and its descendants have used since their start, in MiB. */
export interface Usage {
  /** The sum of the peak memory of each process. */
  readonly memory: number
  /** The bytes written to disk, or to the page cache for it. */
  readonly written: number
}

export function usageOf(pid: number): Usage {
  const all = [pid, ...descendants(pid)].map(each => {
    const status = readFileSync(`/proc/${each}/status`, 'utf8')
    const io = readFileSync(`/proc/${each}/io`, 'utf8')
    return {
      memory: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024,
      written: Number(/^write_bytes: (\d+)/m.exec(io)?.[1]) / 1024 / 1024,
    }
  })
  const sum = (part: keyof Usage) => Math.round(all.reduce((total, each) => total + each[part], 0))
  return { memory: sum('memory'), written: sum('written') }
}

function descendants(pid: number): number[] {
  const children = readdirSync('/proc').filter(name => {
    if (!/^\d+$/.test(name)) return false
    try {
      return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/${name}/status`, 'utf8'))
    } catch {
      return false // it has exited
    }
  })
  return children.map(Number).flatMap(child => [child, ...descendants(child)])
}
