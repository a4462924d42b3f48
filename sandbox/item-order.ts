import { ApiFault } from './api-fault.js'

type Direction = 'asc' | 'desc'
type SortKey = readonly [key: string, direction: Direction]

/**
 * The order that a list is asked for: `sort=name:asc,size`, or `sort_key` and `sort_dir`, each any
 * number of times. A direction that is not given is `desc`; ties fall to the newest, then to the id.
 *
 * @throws ApiFault 400 for a key that is not allowed, another direction, or both ways at once
 */
export function parseItemOrder<Item>(
  query: URLSearchParams,
  allowed: readonly string[],
  valueAt: (item: Item, key: string) => unknown,
): (a: Item, b: Item) => number {
  const keys: SortKey[] = [...asked(query, allowed), ['created_at', 'desc'], ['id', 'desc']]
  return (a, b) => {
    for (const [key, direction] of keys) {
      const difference = compare(valueAt(a, key), valueAt(b, key))
      if (difference !== 0) return direction === 'asc' ? difference : -difference
    }
    return 0
  }
}

function asked(query: URLSearchParams, allowed: readonly string[]): SortKey[] {
  const sort = query.get('sort')
  const keys = query.getAll('sort_key')
  const directions = query.getAll('sort_dir')
  if (sort !== null && keys.length + directions.length > 0)
    throw new ApiFault(400, 'Old and new sorting syntax cannot be combined')
  const parts =
    sort === null
      ? keys.map((key, index) => [key, directions[index] ?? directions[0]] as const)
      : sort.split(',').map(part => part.trim().split(':'))
  return parts.map(([key = '', direction = 'desc']) => {
    if (!allowed.includes(key)) throw mustBeOneOf('key', key, allowed)
    if (!isDirection(direction)) throw mustBeOneOf('direction', direction, ['asc', 'desc'])
    return [key, direction]
  })
}

function isDirection(text: string): text is Direction {
  return text === 'asc' || text === 'desc'
}

function mustBeOneOf(what: string, found: string, allowed: readonly string[]): ApiFault {
  return new ApiFault(
    400,
    `Invalid sort ${what}: ${found}. It must be one of the following: ${allowed.join(', ')}.`,
  )
}

/** Compare as the database does: null comes first. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? -1 : 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a) < String(b) ? -1 : 1
}
