import type { Terminal } from './terminal.js'

/** A request of the demo, with the expected response. */
interface DemoRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the proxy: `/image/v2/images`. */
  readonly path: string
  /** The cloud for MM-SERVICE-PROVIDER; most requests have none. */
  readonly at?: string
  readonly json?: unknown
  readonly bytes?: Uint8Array<ArrayBuffer>
  readonly expect: { readonly status: number; readonly from: string }
}

interface Answer {
  readonly json: unknown
  readonly bytes: Buffer
}

/** Sends requests, and prints each request and its response. */
export type Client = (ask: DemoRequest) => Promise<Answer>

/** The client throws an Error if the response is not the expected one. */
export function createClient(proxyUrl: string, token: string, terminal: Terminal): Client {
  return async ({ method, path, at, json, bytes, expect }) => {
    const said = json === undefined ? '' : `  ${JSON.stringify(json)}`
    const amount = bytes ? `  ${bytes.length} bytes` : ''
    terminal.input(`${method} ${path}${at ? `  MM-SERVICE-PROVIDER: ${at}` : ''}${said}${amount}`)
    const response = await fetch(`${proxyUrl}${path}`, {
      method,
      headers: {
        'X-Auth-Token': token,
        ...(at ? { 'MM-SERVICE-PROVIDER': at } : {}),
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(bytes ? { 'Content-Type': 'application/octet-stream' } : {}),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(bytes ? { body: bytes } : {}),
    })
    const body = Buffer.from(await response.arrayBuffer())
    const from = response.headers.get('MM-Service-Provider') ?? 'nobody'
    terminal.output(`${response.status} ${response.statusText}, answered by ${from}`)
    if (response.status !== expect.status || from !== expect.from)
      throw new Error(
        `${method} ${path}: expected ${expect.status} from ${expect.from}, found ` +
          `${response.status} from ${from}: ${body.toString('utf8', 0, 500)}`,
      )
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
    return { json: isJson ? JSON.parse(body.toString('utf8')) : null, bytes: body }
  }
}
