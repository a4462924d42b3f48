import type { Answers, QueryName } from '../api/queries.js'

/**
 * Ask a query of the read API, with what the viewer may see.
 *
 * @throws BAD_REQUEST, NOT_FOUND, FORBIDDEN as the query says
 */
export type AskQuery = <Name extends QueryName>(
  name: Name,
  parameters: Readonly<Record<string, unknown>>,
) => Promise<Answers[Name]>
