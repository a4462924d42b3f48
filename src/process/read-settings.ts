import type { ReadSettings } from '../api/query.js'
import type { Config } from '../config/config.js'
import { IDENTITY_PROVIDER } from '../ids.js'

/** What the queries of the read API need of the configuration. It holds no secret. */
export function readSettingsOf({ database, logging, ops, clouds, routing }: Config): ReadSettings {
  return {
    logFile: database.file,
    accessLog: logging.file,
    anchors: ops.anchors,
    clouds: clouds.map(({ name, spName, enabledServices }) => ({ name, spName, enabledServices })),
    searchByBroadcast: routing.searchByBroadcast,
    aggregation: routing.aggregation,
    extendsNetworks: clouds.some(
      ({ name, extendsNetworks }) => name === IDENTITY_PROVIDER && extendsNetworks,
    ),
  }
}
