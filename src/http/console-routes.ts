import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Context, Middleware } from 'koa'
import type { Console } from '../console/console.js'
import type { OpsState } from './ops-request.js'

/** A password, a token and the names of a login. A JWS token can have some KB. */
const MAX_FORM_BYTES = 64 * 1024

/** Answer `/` and everything below `/console` with the console. */
export function consoleRoutes(respond: Console): Middleware<OpsState> {
  return async (ctx, next) => {
    if (ctx.path !== '/' && ctx.path !== '/console' && !ctx.path.startsWith('/console/'))
      return next()
    const gone = new AbortController()
    ctx.res.once('close', () => gone.abort())
    const { status, headers, body, visitor, fault } = await respond({
      method: ctx.method,
      path: ctx.path,
      query: new URLSearchParams(ctx.querystring),
      header: name => ctx.get(name),
      isSecure: ctx.secure || ctx.get('x-forwarded-proto') === 'https',
      form: () => readForm(ctx),
      signal: gone.signal,
    })
    ctx.state.visitor = visitor ?? null
    ctx.state.fault = fault ?? null
    ctx.status = status
    ctx.set({ ...headers })
    if (typeof body === 'string' || Buffer.isBuffer(body)) {
      ctx.body = body
      return
    }
    ctx.respond = false
    await writeStream(ctx.res, body, gone.signal)
  }
}

/** Write texts until there are no more, or the client has gone, which is no error. */
async function writeStream(
  res: ServerResponse,
  texts: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const text of texts) {
      if (signal.aborted) return
      if (!res.write(text)) await once(res, 'drain', { signal }).catch(() => undefined)
    }
  } finally {
    res.end()
  }
}

async function readForm({ req }: Context): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req) {
    bytes += chunk.length
    if (bytes > MAX_FORM_BYTES) return null
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}
