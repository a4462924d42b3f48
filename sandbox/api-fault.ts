/** An error response of a miniature service; each service renders it in its own format. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault'
  readonly status: number
  /** The second paragraph of some of Glance's faults. */
  readonly detail: string
  /** Response headers besides Content-Type. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    { detail = '', headers = {} }: { detail?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.detail = detail
    this.headers = headers
  }
}

/** The response to an unexpected error. */
export const SERVER_ERROR = new ApiFault(
  500,
  'The server has either erred or is incapable of performing',
)
