import { readdirSync, readFileSync } from 'node:fs'

/** What a process and all that came of it used since they began, in MiB. */
export interface Usage {
  /** The greatest that each was at any time, added up. */
  readonly memory: number
  /** Written to a disk, or on the way there. */
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
      return false // gone since
    }
  })
  return children.map(Number).flatMap(child => [child, ...descendants(child)])
}
