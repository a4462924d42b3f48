import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MixmatchNode } from '../fleet/mixmatch-node.js'

/** A process of one `mixmatch serve`. */
export interface ServeProcess {
  readonly pid: number
  readonly role: Role
}

export type Role = 'supervisor' | 'recorder' | 'worker'

/** The running processes of a machine, from /proc. */
export function processesOf({ logFile }: MixmatchNode): readonly ServeProcess[] {
  const configFile = join(dirname(logFile), 'mixmatch.conf')
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      const args = argumentsOf(pid)
      const role = args.includes(configFile) ? roleOf(args) : null
      return role === null ? [] : [{ pid: Number(pid), role }]
    })
}

/** Kill a process of this role; false if none runs at the moment. */
export function killProcess(machine: MixmatchNode, role: Role): boolean {
  const found = processesOf(machine).find(each => each.role === role)
  if (!found) return false
  process.kill(found.pid, 'SIGKILL')
  return true
}

function roleOf(args: readonly string[]): Role | null {
  if (args.includes('serve')) return 'supervisor'
  if (!args.includes('--supervised')) return null
  return args.includes('record') ? 'recorder' : 'worker'
}

/** Empty if the process has ended. */
function argumentsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
