import type { ApiFault } from '../api-fault.js'
import type { ServiceContext } from '../http-service.js'

/** Cinder's fault key for each status; `computeFault` for all others. */
const KEYS: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  409: 'conflictingRequest',
  413: 'overLimit',
}

/** Render a fault in Cinder's format; a 401 in that of keystonemiddleware, which sits in front of it. */
export function renderCinderFault(ctx: ServiceContext, { status, message }: ApiFault): void {
  ctx.status = status
  ctx.body =
    status === 401
      ? { error: { code: 401, title: 'Unauthorized', message } }
      : { [KEYS[status] ?? 'computeFault']: { code: status, message } }
}
