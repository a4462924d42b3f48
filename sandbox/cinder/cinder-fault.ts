import type { ServiceContext } from '../http-service.js'
import type { Refusal } from '../refusal.js'

/** The key that Cinder gives a fault of each status; `computeFault` for the rest. */
const KEYS: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  409: 'conflictingRequest',
  413: 'overLimit',
}

/** A fault as Cinder shapes it; the 401 is keystonemiddleware's, in front of it. */
export function renderCinderFault(ctx: ServiceContext, { status, message }: Refusal): void {
  ctx.status = status
  ctx.body =
    status === 401
      ? { error: { code: 401, title: 'Unauthorized', message } }
      : { [KEYS[status] ?? 'computeFault']: { code: status, message } }
}
