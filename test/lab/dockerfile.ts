/** One line of a Dockerfile, continuations joined. */
export interface Instruction {
  readonly line: number
  readonly name: string // 'RUN'
  /** Its flags: `--from=build` → { from: 'build' }. */
  readonly flags: Readonly<Record<string, string>>
  /** The words of its JSON form, or of its plain form, except for the command of RUN. */
  readonly words: readonly string[]
  /** The whole text after the flags. */
  readonly text: string
}

/** Parse a Dockerfile with the syntax that ours uses: comments, continuations, flags, JSON and plain forms. */
export function parseDockerfile(text: string): readonly Instruction[] {
  const instructions: Instruction[] = []
  let open: { line: number; parts: string[] } | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.trim() === '' || raw.startsWith('#')) continue
    open ??= { line: index + 1, parts: [] }
    open.parts.push(raw.replace(/\\$/, ' ').trim())
    if (raw.endsWith('\\')) continue
    instructions.push(instruction(open.line, open.parts.join(' ')))
    open = undefined
  }
  if (open) throw new Error(`Dockerfile:${open.line}: goes on past the end`)
  return instructions
}

function instruction(line: number, whole: string): Instruction {
  const [, name, given = '', text = ''] =
    /^([A-Z]+)((?:\s+--[a-z-]+=\S+)*)\s+(.*)$/.exec(whole) ?? []
  if (name === undefined) throw new Error(`Dockerfile:${line}: no instruction: ${whole}`)
  const flags = [...given.matchAll(/--([a-z-]+)=(\S+)/g)].map(([, flag, value]) => [flag, value])
  const json = text.replace(/^CMD\s+(?=\[)/, '')
  const words: string[] = json.startsWith('[') ? JSON.parse(json) : text.split(/\s+/)
  return { line, name, flags: Object.fromEntries(flags), words, text }
}
