import type { ProjectId } from '../../../src/ids.js'

/** The items of the clouds in these tests, and the order in which services list them. */

export interface ListedItem {
  readonly id: string
  readonly created_at: string
  readonly name: string | null
  readonly size: number
  /** Who sees it; null for everybody. */
  readonly owner: ProjectId | null
}

/** The n-th item of an example, created some seconds after the previous one. */
export function listedItem(n: number, fields: Partial<ListedItem> = {}): ListedItem {
  return {
    id: `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`,
    created_at: new Date(1_795_440_000_000 + n * 1000).toISOString().replace('.000Z', 'Z'),
    name: `thing ${n}`,
    size: n,
    owner: null,
    ...fields,
  }
}

/** Compares items as services order them. The keys that they add to break ties follow the services' sources. */
export function orderFor(
  query: URLSearchParams,
  isImage: boolean,
): (a: ListedItem, b: ListedItem) => number {
  const sort = query.get('sort')
  const pairs: [string, string][] =
    sort === null
      ? query.getAll('sort_key').map((key, index, { length }) => {
          const directions = query.getAll('sort_dir')
          return [key, directions[length === directions.length ? index : 0] ?? 'desc']
        })
      : sort.split(',').map(pair => [pair.split(':')[0] ?? '', pair.split(':')[1] ?? 'desc'])
  const directions =
    sort === null ? query.getAll('sort_dir') : pairs.map(([, direction]) => direction)
  const added = isImage
    ? directions.length === 1
      ? (directions[0] ?? 'desc')
      : 'desc'
    : (directions[0] ?? 'desc')
  const all: [string, string][] = pairs.length > 0 ? pairs : [['created_at', added]]
  return (a, b) => {
    for (const [key, direction] of [...all, ['created_at', added], ['id', added]]) {
      const difference = compare(a[key as keyof ListedItem], b[key as keyof ListedItem])
      if (difference !== 0) return direction === 'asc' ? difference : -difference
    }
    return 0
  }
}

export function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? -1 : 1
  return a < b ? -1 : 1
}
