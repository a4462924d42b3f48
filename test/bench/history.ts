import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { findImage, makeLongLog } from './long-log.js'

/** A log with its views, and an image in each cloud. */
export interface History {
  readonly logFile: string
  imagePath(cloud: string): string
}

/** Make a log with as many resources as events, all of which exist. It is made once for all rows. */
export function openHistory(folder: string, resources: number): History {
  const logFile = join(folder, `${resources}.db`)
  const viewsFile = viewsFileOf(logFile)
  if (!existsSync(logFile)) {
    makeLongLog(logFile, { events: resources, eventsPerResource: 1 })
    const { views } = openViews(viewsFile, [logFile], { deferred: false })
    views[Symbol.dispose]()
  }
  return {
    logFile,
    imagePath: cloud => `/image/v2/images/${findImage(viewsFile, cloud)}`,
  }
}
