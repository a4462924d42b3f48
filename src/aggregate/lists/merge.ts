/** An item of the merged sequence, and the sequences that it comes from. */
export interface Merged<Item> {
  readonly item: Item
  /** Indexes of the sequences. Several if sequences of one cloud show the same item. */
  readonly from: readonly number[]
}

/**
 * Merge sequences: always take the least of their first items. Each sequence keeps its own order, even
 * if `compare` disagrees, and is read only one item ahead.
 *
 * @param isSame whether two first items are the same item
 */
export async function* merge<Item>(
  sequences: readonly AsyncIterator<Item, void>[],
  compare: (a: Item, b: Item) => number,
  isSame: (a: Item, b: Item) => boolean,
): AsyncGenerator<Merged<Item>, void> {
  const nextHead = async (sequence: AsyncIterator<Item, void>) => {
    const { done, value } = await sequence.next()
    return done ? undefined : value
  }
  const heads = await Promise.all(sequences.map(nextHead))

  for (;;) {
    const item = least(heads, compare)
    if (item === undefined) return
    const from = [...heads.keys()].filter(index => {
      const head = heads[index]
      return head !== undefined && (head === item || isSame(head, item))
    })
    yield { item, from }
    await Promise.all(
      from.map(async index => {
        const sequence = sequences[index]
        if (sequence) heads[index] = await nextHead(sequence)
      }),
    )
  }
}

function least<Item>(
  heads: readonly (Item | undefined)[],
  compare: (a: Item, b: Item) => number,
): Item | undefined {
  let found: Item | undefined
  for (const head of heads) {
    if (head !== undefined && (found === undefined || compare(head, found) < 0)) found = head
  }
  return found
}
