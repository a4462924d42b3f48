import { isJsonObject, type JsonObject, parseJson } from '../../json.js'
import type { ParsedPath } from '../../routing/path.js'
import { CURSOR, type ListPlan } from './list-plan.js'
import { withParameters } from './list-query.js'
import type { Item } from './list-walk.js'

/** The parts of the response to a list, besides the items. */
interface ListBodyParts {
  readonly plan: ListPlan
  /** The path of the client's request. */
  readonly path: ParsedPath
  /** The name of the array: `volumes`. */
  readonly envelope: string
  /** Where clients find the proxy, without a slash at the end. */
  readonly publicBase: string
  /** The number of all items; null if the client did not ask for it. */
  readonly count: number | null
  /** The position in the link to the next page; null if this is the last page. */
  readonly next: { readonly marker: string; readonly cursor: string } | null
}

/** The JSON of a page in UTF-8, in the form of its service. */
export function formatListBody(items: readonly Item[], parts: ListBodyParts): Buffer {
  const { plan, envelope, count } = parts
  const texts = items.map(({ json }) => pickMembers(json, plan.members))
  const others = {
    ...constantMembers(parts),
    ...nextLink(parts),
    ...(count === null ? {} : { count }),
  }
  const rest = JSON.stringify(others).slice(1)
  const end = `]${rest === '}' ? rest : `,${rest}`}`
  return encode(`{${JSON.stringify(envelope)}:[`, texts, end)
}

const COMMA = 0x2c

/** Encode texts with commas between them. To join them as texts would copy all of them twice more. */
function encode(begin: string, texts: readonly string[], end: string): Buffer {
  const commas = Math.max(texts.length - 1, 0)
  const length = [begin, ...texts, end].reduce((sum, text) => sum + Buffer.byteLength(text), commas)
  const bytes = Buffer.allocUnsafeSlow(length)
  let at = bytes.write(begin)
  for (const [index, text] of texts.entries()) {
    if (index > 0) at = bytes.writeUInt8(COMMA, at)
    at += bytes.write(text, at)
  }
  bytes.write(end, at)
  return bytes
}

function pickMembers(json: string, members: readonly string[] | null): string {
  const item = members === null ? undefined : parseJson(json)
  if (members === null || !isJsonObject(item)) return json
  return JSON.stringify(
    Object.fromEntries(Object.entries(item).filter(([name]) => members.includes(name))),
  )
}

function constantMembers({ plan, path }: ListBodyParts): JsonObject {
  const query = withParameters(path.query, { marker: null, [CURSOR]: null })
  return Object.fromEntries(
    Object.entries(plan.rules.constants ?? {}).map(([name, constant]) => [
      name,
      constant.query ? constant.path + query : constant.path,
    ]),
  )
}

function nextLink({ plan, path, publicBase, next }: ListBodyParts): JsonObject {
  const { next: link } = plan.rules
  if (next === null || link === undefined) return {}
  const query = withParameters(path.query, {
    offset: null,
    marker: next.marker,
    [CURSOR]: next.cursor,
  })
  const { service, version, projectSegment, rest } = path
  if ('member' in link) return { [link.member]: `/${version}${rest}${query}` }
  const project = projectSegment === null ? '' : `/${projectSegment}`
  const href = `${publicBase}/${service}/${version}${project}${rest}${query}`
  return { [link.links]: [{ rel: 'next', href }] }
}
