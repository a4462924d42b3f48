import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own in memory, to be filled and made read-only. */
export interface SmallDisk {
  readonly folder: string
  /** Leave no free byte. */
  fill(): void
  /** Free what `fill` has taken. */
  free(): void
  /** Only while no file is open for writing. */
  makeReadOnly(): void
  makeWritable(): void
  remove(): void
}

const MEGABYTE = Buffer.alloc(1024 * 1024)

/** @throws Error if this user may not mount: the tests of a full disk need root */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'mixmatch-disk-'))
  const mount = (options: string) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  mount(`size=${megabytes}m`)
  const filler = join(folder, 'filler')
  return {
    folder,
    fill() {
      const file = openSync(filler, 'a')
      for (let size = MEGABYTE.length; size > 0; ) size = writeSome(file, size)
      closeSync(file)
    },
    free: () => rmSync(filler),
    makeReadOnly: () => mount('remount,ro'),
    makeWritable: () => mount('remount,rw'),
    remove() {
      execFileSync('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** @returns how much to write next: half as much when the disk has no space for this */
function writeSome(file: number, size: number): number {
  try {
    writeSync(file, MEGABYTE, 0, size)
    return size
  } catch {
    return Math.floor(size / 2)
  }
}
