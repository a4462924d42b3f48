import type { SpName } from '../../ids.js'
import type { JsonValue } from '../../json.js'
import type { CollectionRules, ListRules } from '../../service/list-rules.js'
import { entry } from '../../service/services.js'
import { valuesOf } from './list-query.js'

/** The order in which every cloud keeps the list. */
export interface SortOrder {
  /** The most significant first; `created_at` is always one of them. */
  readonly keys: readonly SortKey[]
  /** The direction of ids within one cloud, if all keys are equal. */
  readonly idDescending: boolean
}

interface SortKey {
  /** The member of an item. */
  readonly name: string
  readonly descending: boolean
}

type Scalar = string | number | boolean | null

/** The position of an item in the order of the merged list. */
export interface SortPosition {
  readonly cloud: SpName
  readonly id: string
  /** One for each key of the order; null if the item does not have it. */
  readonly values: readonly Scalar[]
}

/**
 * Parse `sort=name:asc,size`, or `sort_key` and `sort_dir`. Invalid values are parsed as far as possible,
 * because the clouds get them, too, and reject them.
 */
export function parseSortOrder(query: string, rules: ListRules): SortOrder {
  const [names, directions] = parametersOf(query, rules)
  const descends = (direction: string | undefined) => direction !== 'asc'
  const first = directions[0]
  const added = rules.addedDirection === 'first' || directions.length === 1 ? first : 'desc'
  const keys = (names.length > 0 ? names : ['created_at']).map((name, index) => ({
    name: entry(rules.shownAs, name) ?? name,
    descending: descends(directions[index] ?? first),
  }))
  const isSorted = keys.some(({ name }) => name === 'created_at')
  const createdAt = { name: 'created_at', descending: descends(added) }
  return { keys: isSorted ? keys : [...keys, createdAt], idDescending: descends(added) }
}

/** The fixed order of a list that does not come in pages. */
export function fixedOrder({ before }: NonNullable<CollectionRules['paged']>): SortOrder {
  const descending = before === 'newest first'
  return { keys: [{ name: 'created_at', descending }], idDescending: descending }
}

function parametersOf(
  query: string,
  { repeatedSortKeys }: ListRules,
): [names: readonly string[], directions: readonly string[]] {
  const sort = valuesOf(query, 'sort').at(-1)
  if (sort !== undefined) {
    const pairs = sort.split(',').map(pair => pair.trim().split(':'))
    return [
      pairs.map(([name = '']) => name.trim()),
      pairs.map(([, direction]) => direction?.trim() || 'desc'),
    ]
  }
  const values = (name: string) => {
    const all = valuesOf(query, name).map(text => text.trim())
    return repeatedSortKeys ? all : all.slice(0, 1)
  }
  return [values('sort_key'), values('sort_dir')]
}

/** The position of an item; undefined if it has no id. */
export function sortPositionOf(
  item: Readonly<Record<string, JsonValue>>,
  cloud: SpName,
  order: SortOrder,
): SortPosition | undefined {
  const { id } = item
  if (typeof id !== 'string') return undefined
  return { cloud, id, values: order.keys.map(({ name }) => scalar(item[name])) }
}

/**
 * Create a comparator that orders like the databases of the clouds, as far as that is known: null comes
 * first, and case does not count. Equal items are ordered by their clouds' order in `clouds`, then by id.
 */
export function createComparator(
  { keys, idDescending }: SortOrder,
  clouds: readonly SpName[],
): (a: SortPosition, b: SortPosition) => number {
  return (a, b) => {
    for (const [index, { descending }] of keys.entries()) {
      const difference = compare(a.values[index] ?? null, b.values[index] ?? null)
      if (difference !== 0) return descending ? -difference : difference
    }
    if (a.cloud !== b.cloud) return clouds.indexOf(a.cloud) - clouds.indexOf(b.cloud)
    const difference = compare(a.id, b.id)
    return idDescending ? -difference : difference
  }
}

function scalar(value: JsonValue | undefined): Scalar {
  return typeof value === 'object' || value === undefined ? null : value
}

function compare(a: Scalar, b: Scalar): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? -1 : 1
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  return Number(a) - Number(b)
}

/** MariaDB's utf8_general_ci compares texts in upper case. */
function compareTexts(a: string, b: string): number {
  const [left, right] = [a.toUpperCase(), b.toUpperCase()]
  if (left === right) return 0
  return left < right ? -1 : 1
}
