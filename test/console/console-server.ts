import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import Koa from 'koa'
import { pino } from 'pino'
import { createBackground } from '../../src/api/background.js'
import { describeClouds } from '../../src/api/cloud-status.js'
import { queries } from '../../src/api/queries.js'
import type { ReadSettings } from '../../src/api/query.js'
import { type Console, type ConsoleParts, createConsole } from '../../src/console/console.js'
import type { ConsoleResponse } from '../../src/console/console-request.js'
import { consoleRoutes } from '../../src/http/console-routes.js'
import type { OpsState } from '../../src/http/ops-request.js'
import { admitAll } from '../../src/http/ops-visitor.js'
import { spName } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { createAuditRunner } from '../../src/process/audit-runner.js'
import { serviceNames } from '../../src/service/service.js'

const mainScript = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The real console of a log. Its queries run in this process. */
export function consoleOf(
  logFile: string,
  clouds: readonly string[],
  parts: Partial<ConsoleParts> = {},
  background = createBackground(),
): Console {
  const settings: ReadSettings = {
    logFile,
    accessLog: null,
    anchors: null,
    clouds: clouds.map(name => ({
      name: spName(name),
      spName: name,
      enabledServices: serviceNames,
    })),
    searchByBroadcast: true,
    aggregation: true,
    extendsNetworks: false,
  }
  return createConsole({
    queryRunner: {
      async ask(name, parameters, viewer) {
        using log = openHistory([logFile])
        return await queries[name].ask({ log, settings, background }, parameters, viewer)
      },
    },
    logFile: () => logFile,
    cloudStates: async () =>
      describeClouds(settings.clouds, { metrics: [], missing: [], degraded: [] }),
    metrics: async () => [],
    runAudit: createAuditRunner(mainScript, () => logFile),
    clouds: () => clouds,
    isOpen: () => true,
    access: NO_KEYSTONE,
    now: Date.now,
    logger: pino({ level: 'silent' }),
    ...parts,
  })
}

const NO_KEYSTONE: ConsoleParts['access'] = {
  admit: admitAll,
  logIn: () => Promise.reject(new Error('no Keystone')),
  listProjects: () => Promise.reject(new Error('no Keystone')),
}

/** Send one request to a console, without a server. */
export function request(
  respond: Console,
  target: string,
  {
    method = 'GET',
    headers = {},
    form = {},
  }: {
    method?: string
    headers?: Readonly<Record<string, string>>
    form?: Record<string, string>
  } = {},
): Promise<ConsoleResponse> {
  const { pathname, searchParams } = new URL(target, 'http://console')
  return respond({
    method,
    path: pathname,
    query: searchParams,
    header: name => headers[name] ?? '',
    isSecure: false,
    form: async () => new URLSearchParams(form),
    signal: new AbortController().signal,
  })
}

/** Serve a console on loopback, for a browser. @returns its address */
export async function serveConsole(t: ExecutionContext, respond: Console): Promise<string> {
  const app = new Koa<OpsState>().use(consoleRoutes(respond))
  const server = createServer(app.callback()).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the console has no port')
  return `http://127.0.0.1:${address.port}`
}

/** Request a page until the log has been read for it. */
export async function requestComplete(respond: Console, target: string): Promise<ConsoleResponse> {
  for (;;) {
    const response = await request(respond, target)
    if (!String(response.body).includes('The log is being read')) return response
  }
}
