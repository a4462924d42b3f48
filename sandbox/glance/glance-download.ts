import { ApiFault } from '../api-fault.js'
import type { ServiceContext } from '../http-service.js'
import { read, type Span, type StoredFile } from './stored-file.js'

/**
 * Respond with the bytes of an image, or with the requested range. `sent` is called when the
 * response is complete, except for HEAD.
 *
 * @throws ApiFault as `spanOf`
 */
export function sendFile(
  ctx: ServiceContext,
  file: StoredFile,
  sent: (bytes: number, complete: boolean) => void,
): void {
  const span = spanOf(ctx.get('Range'), file.size)
  const { start, end } = span ?? { start: 0, end: file.size - 1 }
  const bytes = read(file, { start, end })
  ctx.status = span ? 206 : 200
  if (span) ctx.set('Content-Range', `bytes ${start}-${end}/${file.size}`)
  ctx.set('Content-MD5', file.md5)
  ctx.type = 'application/octet-stream'
  ctx.body = bytes
  ctx.length = end - start + 1
  ctx.res.once('close', () => {
    if (ctx.method !== 'HEAD') sent(bytes.bytesRead, ctx.res.writableFinished)
  })
}

/**
 * The part of an image that a `Range` header asks for (RFC 9110 §14.1.2), null for all of it.
 *
 * @throws ApiFault 400 for several ranges or none, 416 for one outside of the image
 */
function spanOf(header: string, size: number): Span | null {
  if (header === '') return null
  if (header.includes(','))
    throw new ApiFault(
      400,
      'Requests with multiple ranges are not supported in Glance. You may make multiple ' +
        'single-range requests instead.',
    )
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? []
  if (from === '' && to === '') throw new ApiFault(400, `Invalid Range header: ${header}`)
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (start <= end) return { start, end }
  throw new ApiFault(416, 'The Range requested is not available.', {
    detail:
      'Invalid start position in Range header. Start position MUST be in the inclusive range ' +
      `[0, ${size - 1}].`,
    headers: { 'Content-Range': `bytes */${size}` },
  })
}
