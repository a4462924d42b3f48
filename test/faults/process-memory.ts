import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../until.js'

/** What a process holds at one moment. */
export interface Holdings {
  /** Heap and external memory in bytes, after a collection of garbage. */
  readonly usedBytes: number
  readonly residentBytes: number
  /** Open files and sockets. */
  readonly handles: number
}

const preload = fileURLToPath(new URL('collect-garbage.mjs', import.meta.url))

/** The environment of a program that can be measured; `folder` is for its reports. */
export function measurableEnvironment(folder: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${preload}`, MEMORY_REPORTS: folder }
}

/** Let the process collect its garbage, and measure what stays. */
export async function measureProcess(pid: number, folder: string): Promise<Holdings> {
  const report = join(folder, String(pid))
  rmSync(report, { force: true })
  process.kill(pid, 'SIGUSR2')
  await until(`process ${pid} has collected its garbage`, () => existsSync(report))
  return {
    usedBytes: Number(readFileSync(report, 'utf8')),
    residentBytes: residentBytes(pid),
    handles: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/** The most memory that the process has had, in bytes. */
export function peakBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

/** The memory of a process without that of files, which the kernel can take back. */
function residentBytes(pid: number): number {
  return statusBytes(pid, 'RssAnon')
}

function statusBytes(pid: number, name: 'RssAnon' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}
