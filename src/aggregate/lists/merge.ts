/** An item of the merged sequence, and the sequences that it comes from. */
export interface Merged<Item> {
  readonly item: Item
  /** Indexes of the sequences. Several if sequences of one cloud show the same item. */
  readonly from: readonly number[]
}

/** The last page that was read from a sequence. */
interface CurrentPage<Item> {
  readonly items: readonly Item[]
  /** The index of the first item that is not merged yet. */
  first: number
}

/**
 * Merge sequences that come in pages: always take the least of their first items. Each sequence keeps
 * its own order, even if `compare` disagrees.
 *
 * The merged sequence comes in runs that end at the end of a page. So the next page is read only when
 * its first item is needed, and items of the same pages wait for nothing: a promise for each of them
 * took as long as parsing them.
 *
 * @param sequences their pages are not empty
 * @param isSame whether two first items are the same item
 */
export async function* merge<Item>(
  sequences: readonly AsyncIterator<readonly Item[], void>[],
  compare: (a: Item, b: Item) => number,
  isSame: (a: Item, b: Item) => boolean,
): AsyncGenerator<readonly Merged<Item>[], void> {
  const nextPage = async (sequence: AsyncIterator<readonly Item[], void>) => {
    const { value } = await sequence.next()
    return { items: value ?? [], first: 0 }
  }
  let pages = await Promise.all(sequences.map(nextPage))

  for (;;) {
    const run = mergePages(pages, compare, isSame)
    if (run.length === 0) return
    yield run
    pages = await Promise.all(
      sequences.map((sequence, index) => {
        const page = pages[index]
        return page && firstOf(page) !== undefined ? page : nextPage(sequence)
      }),
    )
  }
}

/** Merge until the end of a page. */
function mergePages<Item>(
  pages: readonly CurrentPage<Item>[],
  compare: (a: Item, b: Item) => number,
  isSame: (a: Item, b: Item) => boolean,
): readonly Merged<Item>[] {
  const run: Merged<Item>[] = []
  for (let isPageEnded = false; !isPageEnded; ) {
    const item = least(pages, compare)
    if (item === undefined) break
    const from: number[] = []
    pages.forEach((page, index) => {
      const first = firstOf(page)
      if (first === undefined || (first !== item && !isSame(first, item))) return
      from.push(index)
      page.first += 1
      isPageEnded ||= firstOf(page) === undefined
    })
    run.push({ item, from })
  }
  return run
}

function least<Item>(
  pages: readonly CurrentPage<Item>[],
  compare: (a: Item, b: Item) => number,
): Item | undefined {
  let found: Item | undefined
  for (const page of pages) {
    const first = firstOf(page)
    if (first !== undefined && (found === undefined || compare(first, found) < 0)) found = first
  }
  return found
}

function firstOf<Item>({ items, first }: CurrentPage<Item>): Item | undefined {
  return items[first]
}
