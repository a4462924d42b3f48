import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The secrets in the files of a directory: each with its file and its first letters. */
export async function findSecrets(
  directory: string,
  secrets: Iterable<string>,
): Promise<readonly string[]> {
  const searched = [...secrets]
  const found: string[] = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    for (const secret of searched)
      if (bytes.includes(secret)) found.push(`${path}: ${secret.slice(0, 12)}…`)
  }
  return found
}
