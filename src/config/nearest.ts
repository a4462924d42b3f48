/** The known name that differs in the fewest letters; null if all names differ in too many letters. */
export function findNearest(name: string, known: Iterable<string>): string | null {
  let best: { name: string; distance: number } | null = null
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance < (best?.distance ?? 1 + name.length / 3)) best = { name: candidate, distance }
  }
  return best?.name ?? null
}

/** The Levenshtein distance: the number of insertions, deletions and replacements. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (letter === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
