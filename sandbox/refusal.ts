/** A request that a miniature service will not do; each service gives it its own shape on the wire. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  /** The second paragraph that some of Glance's faults have. */
  readonly detail: string
  /** Header fields of the answer beside its content type. */
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

/** What a service answers when something broke that it did not foresee. */
export const BROKEN = new Refusal(500, 'The server has either erred or is incapable of performing')
