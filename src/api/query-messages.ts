import type { FaultCode } from '../errors.js'
import type { QueryName } from './queries.js'
import type { ReadSettings } from './query.js'
import type { Viewer } from './viewer.js'

/** A query, on its way to the process that reads. */
export interface QueryRequest {
  readonly id: number
  readonly name: QueryName
  readonly parameters: unknown
  readonly viewer: Viewer
  readonly settings: ReadSettings
}

/** An error that was foreseen, or the text of another one. */
export type QueryFailure =
  | { readonly code: FaultCode; readonly message: string }
  | { readonly code: null; readonly message: string }

/** The answer to the query of the same id, as JSON. */
export type QueryResult =
  | { readonly id: number; readonly answer: string }
  | { readonly id: number; readonly failure: QueryFailure }
