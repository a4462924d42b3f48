import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type Koa from 'koa'
import type { z } from 'zod'
import { ApiFault } from '../api-fault.js'
import { type KeystoneSite, tokenBody } from './keystone-bodies.js'
import type { TokenInfo } from './keystone-token.js'

/** A request as a miniature Keystone received it. */
export interface KeystoneRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A response that replaces Keystone's own. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
}

export interface KeystoneState {
  /** The parsed body. */
  text: string
}
type KeystoneContext = Koa.ParameterizedContext<KeystoneState>

const MAX_BODY_BYTES = 112 * 1024 // oslo.middleware's sizelimit

/** @throws ApiFault 413 */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new ApiFault(413, 'Request is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** @throws ApiFault 400 if the text is not JSON, or JSON of another shape */
export function parseBody<Body>(text: string, schema: z.ZodType<Body>): Body {
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const [problem] = parsed.error.issues
  throw new ApiFault(
    400,
    `${problem?.path.join('.') ?? 'body'}: ${problem?.message ?? 'malformed'}`,
  )
}

/** Respond with a token, in header and body; without the catalog if `nocatalog` is requested. */
export function answerToken(
  ctx: KeystoneContext,
  status: number,
  token: TokenInfo,
  around: KeystoneSite,
): void {
  ctx.status = status
  ctx.set('X-Subject-Token', token.id)
  ctx.set('Vary', 'X-Auth-Token')
  ctx.body = { token: tokenBody(token, around, !('nocatalog' in ctx.query)) }
}

/** Render a fault in Keystone's format. */
export function renderFault(ctx: KeystoneContext, { status, message, headers }: ApiFault): void {
  ctx.status = status
  ctx.set(headers)
  ctx.body = { error: { code: status, message, title: titles[status] ?? 'Error' } }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  500: 'Internal Server Error',
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiFault(400, 'Expecting to find valid JSON in request body.')
  }
}
