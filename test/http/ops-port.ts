import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { describeClouds } from '../../src/api/cloud-status.js'
import { createQueryRunner } from '../../src/api/query-runner.js'
import type { Event } from '../../src/event/event.js'
import { createOpsApp, type OpsParts, openOps } from '../../src/http/ops.js'
import { admitAll } from '../../src/http/ops-visitor.js'
import { openLog } from '../../src/log/open-log.js'
import { at, folder, idp } from '../controls.js'

/** The port for operators over a log with these events, each recorded at the same time, and the lines of its own log. */
export async function openOpsPort(
  t: ExecutionContext,
  events: readonly Event[],
  access: Partial<NonNullable<OpsParts['api']>> = {},
  others: Pick<OpsParts, 'console'> = {},
) {
  const logFile = join(folder(t), 'events.db')
  using log = openLog(logFile)
  log.append(events, at(0))
  const lines: Record<string, unknown>[] = []
  const logger = pino({}, { write: line => lines.push(JSON.parse(line)) })
  const settings = {
    logFile,
    accessLog: null,
    anchors: null,
    clouds: [{ name: idp, spName: 'default', enabledServices: ['image', 'volume'] }],
    searchByBroadcast: false,
    aggregation: false,
    extendsNetworks: false,
  }
  const queryRunner = createQueryRunner({ settings: () => settings, logger, timeoutMs: 120_000 })
  t.teardown(() => queryRunner[Symbol.dispose]())
  const app = createOpsApp({
    health: () => ({ healthy: true, reasons: [] }),
    readiness: async () => ({ missing: [], degraded: [] }),
    metrics: async () => 'up 1\n',
    metricsType: 'text/plain',
    api: {
      queryRunner,
      admit: admitAll,
      logFile: () => logFile,
      clouds: async () =>
        describeClouds(settings.clouds, { metrics: [], missing: [], degraded: [] }),
      isOpen: () => true,
      isHealthClosed: () => false,
      ...access,
    },
    logger,
    ...others,
  })
  const ops = await openOps(app, { host: '127.0.0.1', port: 0 }, logger)
  t.teardown(async () => ops[Symbol.asyncDispose]())
  return { url: `http://127.0.0.1:${ops.port}`, lines, logFile }
}
