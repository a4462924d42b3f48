import { z } from 'zod'

/**
 * A list of which every entry is judged for itself: what is not as expected is left out, and does
 * not spoil the rest. Whatever is no list, null and nothing at all among it, is the empty one.
 */
export function lenientList<Entry extends z.ZodType>(entry: Entry) {
  return z
    .array(z.unknown())
    .catch([])
    .transform(entries => readableEntries(entry, entries))
}

/**
 * A list like `lenientList`, where something is expected to be: it is refused where it is no list,
 * and where it has entries but none that is as expected, because then it is a list of something else.
 */
export function requiredLenientList<Entry extends z.ZodType>(entry: Entry) {
  return z.array(z.unknown()).transform((entries, context) => {
    const readable = readableEntries(entry, entries)
    if (entries.length > 0 && readable.length === 0) {
      context.addIssue('none of the entries is as expected')
    }
    return readable
  })
}

function readableEntries<Entry extends z.ZodType>(
  entry: Entry,
  entries: readonly unknown[],
): z.output<Entry>[] {
  return entries.flatMap(each => {
    const { success, data } = entry.safeParse(each)
    return success ? [data] : []
  })
}
