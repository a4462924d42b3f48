import { isJsonObject, type JsonObject, parseJson } from '../../json.js'
import type { ParsedPath } from '../../routing/path.js'
import { CURSOR, type ListPlan } from './list-plan.js'
import { withParameters } from './list-query.js'
import type { Item } from './list-walk.js'

/** What the answer to a list is made of, besides its items. */
export interface ListBodyParts {
  readonly plan: ListPlan
  /** As the client sent it. */
  readonly path: ParsedPath
  /** The name of the array: `volumes`. */
  readonly envelope: string
  /** Where clients find the proxy, without a slash at the end. */
  readonly publicBase: string
  /** Of all items, not those of the page; null where nobody asked. */
  readonly count: number | null
  /** What the link to the next page says of its place; null where there is no next page. */
  readonly next: { readonly marker: string; readonly cursor: string } | null
}

/** The JSON text of a page, in the form of the service whose list it is. */
export function formatListBody(items: readonly Item[], parts: ListBodyParts): string {
  const { plan, envelope, count } = parts
  const texts = items.map(({ shown }) => shortened(shown, plan.members))
  const others = { ...constantsOf(parts), ...nextOf(parts), ...(count === null ? {} : { count }) }
  // Joined as texts, so that no second copy of all items is made.
  const rest = JSON.stringify(others).slice(1)
  return `{${JSON.stringify(envelope)}:[${texts.join(',')}]${rest === '}' ? rest : `,${rest}`}`
}

function shortened(shown: string, members: readonly string[] | null): string {
  const item = members === null ? undefined : parseJson(shown)
  if (members === null || !isJsonObject(item)) return shown
  return JSON.stringify(
    Object.fromEntries(Object.entries(item).filter(([name]) => members.includes(name))),
  )
}

function constantsOf({ plan, path }: ListBodyParts): JsonObject {
  const asked = withParameters(path.query, { marker: null, [CURSOR]: null })
  return Object.fromEntries(
    Object.entries(plan.rules.constants ?? {}).map(([name, constant]) => [
      name,
      constant.query ? constant.path + asked : constant.path,
    ]),
  )
}

function nextOf({ plan, path, publicBase, next }: ListBodyParts): JsonObject {
  const { next: place } = plan.rules
  if (next === null || place === undefined) return {}
  const query = withParameters(path.query, {
    offset: null,
    marker: next.marker,
    [CURSOR]: next.cursor,
  })
  const { service, version, projectSegment, rest } = path
  if ('member' in place) return { [place.member]: `/${version}${rest}${query}` }
  const project = projectSegment === null ? '' : `/${projectSegment}`
  const href = `${publicBase}/${service}/${version}${project}${rest}${query}`
  return { [place.links]: [{ rel: 'next', href }] }
}
