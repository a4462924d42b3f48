import * as z from 'zod'

/**
 * A list whose entries are parsed independently: malformed entries are left out, and the others stay. A
 * value that is not a list, also null or undefined, gives an empty list.
 */
export function lenientList<Entry extends z.ZodType>(entry: Entry) {
  return z
    .array(z.unknown())
    .catch([])
    .transform(entries => readableEntries(entry, entries))
}

/**
 * A list like `lenientList`, but required: a value that is not a list is rejected. So is a list with
 * entries that are all malformed, because it is a list of something else.
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
