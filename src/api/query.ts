import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import type { History } from '../log/history.js'
import { POINT_FORMS, parsePoint } from '../replay/point.js'
import type { Cloud } from '../routing/federation.js'
import type { Background } from './background.js'
import type { Viewer } from './viewer.js'

/** What queries need to know of the configuration. */
export interface ReadSettings {
  readonly logFile: string
  /** The file that contains the access log; null if it is not a file. */
  readonly accessLog: string | null
  /** The file in which heads of the log are noted (`log anchor`); null if there is none. */
  readonly anchors: string | null
  readonly clouds: readonly Cloud[]
  readonly searchByBroadcast: boolean
  readonly aggregation: boolean
  /** Whether Mixmatch answers requests to extend networks. */
  readonly extendsNetworks: boolean
}

/** What a query reads. */
export interface Sources {
  readonly log: History
  readonly settings: ReadSettings
  readonly background: Background
}

/** A query of the log, with the shapes of its parameters and of its answer. */
export interface Query<Answer> {
  /** For the description of the API. */
  readonly summary: string
  /** An object of texts, as in the query of a URL, or of a JSON body. */
  readonly parameters: z.ZodObject
  readonly answer: z.ZodType<Answer>
  /**
   * Never reads more than a bounded number of rows.
   *
   * @throws BAD_REQUEST if a parameter is unknown or malformed; NOT_FOUND and others as the query says
   */
  readonly ask: (sources: Sources, parameters: unknown, viewer: Viewer) => Promise<Answer>
}

interface QueryParts<Parameters extends z.ZodObject, Answer> {
  readonly summary: string
  readonly parameters: Parameters
  readonly answer: z.ZodType<Answer>
  readonly run: (
    sources: Sources,
    parameters: z.output<Parameters>,
    viewer: Viewer,
  ) => Answer | Promise<Answer>
}

/** Define a query by its parts. Parameters are checked before it runs. */
export function defineQuery<Parameters extends z.ZodObject, Answer>(
  parts: QueryParts<Parameters, Answer>,
): Query<Answer> {
  const { summary, parameters, answer, run } = parts
  return {
    summary,
    parameters,
    answer,
    async ask(sources, given, viewer) {
      const { success, data, error } = parameters.safeParse(given)
      if (!success) {
        const known = Object.keys(parameters.shape)
        throw new MixmatchError('BAD_REQUEST', describeIssues(error, known))
      }
      return await run(sources, data, viewer)
    },
  }
}

/** `limit: expected a whole number; unknown parameter "limt", expected one of cloud, limit`. */
function describeIssues({ issues }: z.ZodError, known: readonly string[]): string {
  const expected = known.length === 0 ? 'expected none' : `expected one of ${known.join(', ')}`
  return issues
    .map(issue =>
      issue.code === 'unrecognized_keys'
        ? `unknown parameter ${issue.keys.map(key => `"${key}"`).join(', ')}, ${expected}`
        : [...issue.path, issue.message].join(': '),
    )
    .join('; ')
}

/** A whole number in a URL. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most))
}

/** A point of history in a URL. Its text stays the same when `-1d` becomes another time. */
export const pointText = z
  .string()
  .max(64)
  .transform((text, context) => {
    try {
      return { ...parsePoint(text), text }
    } catch (error) {
      if (!(error instanceof MixmatchError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
  .meta({ description: `A point of history: ${POINT_FORMS}` })

/** Names in a URL, separated by commas. */
export const namesText = z
  .string()
  .max(1024)
  .transform(text => text.split(',').filter(name => name !== ''))
