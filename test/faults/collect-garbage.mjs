// Loaded by `node --import` before a program: on SIGUSR2 it collects its garbage, and writes the bytes that are
// still used to the file `<pid>` in the folder that MEMORY_REPORTS names.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const file = join(process.env.MEMORY_REPORTS, String(process.pid))

process.on('SIGUSR2', () => {
  collect()
  // Finalizers of the first collection run before the second one.
  setImmediate(() => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    writeFileSync(`${file}.new`, String(heapUsed + external))
    renameSync(`${file}.new`, file)
  })
})
