import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Event } from '../../src/event/event.js'
import { openLog } from '../../src/log/open-log.js'
import { rebuildViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { at, folder } from '../controls.js'

/** A log with these events, recorded one second after the other, and its views. @returns its file */
export function logOf(t: ExecutionContext, events: readonly Event[]): string {
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    for (const [index, each] of events.entries()) log.append([each], at(1000 + index))
  }
  rebuildViews(viewsFileOf(file), [file])
  return file
}
