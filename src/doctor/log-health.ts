import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { openLogReader } from '../log/open-log.js'
import { rejectLostLog } from '../projection/belonging.js'
import { type CheckResult, failed, failureOf, ok, warning } from './finding.js'

const LITTLE_BYTES = 1024 ** 3

/** Check that the file is an event log, and that its disk has free space. */
export function checkLog(file: string): CheckResult {
  const folder = dirname(file)
  try {
    rejectLostLog(file)
    if (!existsSync(file)) {
      return isWritable(folder)
        ? ok(`${file} is not there yet: the recorder begins it`)
        : failed(
            `${folder} cannot be written to, so that no log can be begun: make it, and let this user write there`,
          )
    }
    using log = openLogReader(file)
    const { position } = log.head()
    const free = freeBytes(folder)
    const said = `${file} holds ${position} events; ${gibibytes(free)} GiB are free`
    if (!isWritable(file) || !isWritable(folder))
      return failed(`${said}, but this user cannot write there`)
    return free < LITTLE_BYTES ? warning(`${said}: make room, or archive what is old`) : ok(said)
  } catch (error) {
    return failureOf(error)
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1)
}
