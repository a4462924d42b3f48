import { existsSync, readdirSync, readlinkSync } from 'node:fs'

/** The files in a folder that this process has open. Only Linux can tell: elsewhere none. */
export function openFilesIn(path: string): string[] {
  if (!existsSync('/proc/self/fd')) return []
  return readdirSync('/proc/self/fd').flatMap(descriptor => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`)
      return file.startsWith(path) ? [file] : []
    } catch {
      return [] // the one that listed the others
    }
  })
}
