import type { Command, Option } from 'commander'

export const shells = ['bash', 'zsh'] as const
export type Shell = (typeof shells)[number]

/** A command and what may follow it. */
interface Completed {
  /** As it is typed: `mixmatch log tail`. */
  readonly path: string
  readonly subcommands: readonly Word[]
  readonly options: readonly Word[]
  /** The values of an option: `mixmatch log tail --format`. */
  readonly choices: readonly { readonly after: string; readonly words: readonly string[] }[]
  /** Options with other values. The shell proposes files for them. */
  readonly others: readonly string[]
}

interface Word {
  readonly word: string
  readonly about: string
}

/** A completion script for a shell, from the same definitions as the help. */
export function completionOf(program: Command, shell: Shell): string {
  const all = [...completed(program, program.name())]
  return shell === 'bash' ? bashScript(program.name(), all) : zshScript(program.name(), all)
}

function* completed(command: Command, path: string): Generator<Completed> {
  const help = command.createHelp()
  const options = help.visibleOptions(command)
  const subcommands = help.visibleCommands(command)
  const choices = command.registeredArguments.flatMap(each => each.argChoices ?? [])
  yield {
    path,
    subcommands: [
      ...subcommands.map(each => ({ word: each.name(), about: each.description() })),
      ...choices.map(word => ({ word, about: '' })),
    ],
    options: options.flatMap(option =>
      flagsOf(option).map(word => ({ word, about: option.description })),
    ),
    choices: options.flatMap(option =>
      option.argChoices
        ? flagsOf(option).map(flag => ({
            after: `${path} ${flag}`,
            words: option.argChoices ?? [],
          }))
        : [],
    ),
    others: options
      .filter(option => (option.required || option.optional) && !option.argChoices)
      .flatMap(option => flagsOf(option).map(flag => `${path} ${flag}`)),
  }
  for (const each of subcommands) yield* completed(each, `${path} ${each.name()}`)
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter(flag => flag !== undefined)
}

function bashScript(name: string, all: readonly Completed[]): string {
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=${name} word
  local subcommands='' options=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${patterns(pathsBelow(all))}) at="$at $word" ;;
    esac
  done
  COMPREPLY=()
  case "$at $prev" in
${choicesOf(all)
  .map(
    ({ after, words }) =>
      `    ${patterns(after)}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")); return ;;`,
  )
  .join('\n')}
    ${patterns(all.flatMap(({ others }) => others))}) return ;;
  esac
  case "$at" in
${all
  .map(
    ({ path, subcommands, options }) =>
      `    '${path}') subcommands='${wordsOf(subcommands)}' options='${wordsOf(options)}' ;;`,
  )
  .join('\n')}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else COMPREPLY=($(compgen -W "$subcommands" -- "$cur")); fi
}
complete -o default -F _${name} ${name}
`
}

function zshScript(name: string, all: readonly Completed[]): string {
  return `#compdef ${name}
# Completion of ${name} for zsh: a file named _${name} in a folder of $fpath, or source <(${name} completion zsh)
_${name}() {
  local at=${name} word
  local -a subcommands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${patterns(pathsBelow(all))}) at="$at $word" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${choicesOf(all)
  .map(({ after, words }) => `    (${patterns(after)}) compadd -- ${words.join(' ')}; return ;;`)
  .join('\n')}
    (${patterns(all.flatMap(({ others }) => others))}) _files; return ;;
  esac
  case "$at" in
${all
  .map(
    ({ path, subcommands, options }) =>
      `    ('${path}')\n      subcommands=(${described(subcommands)})\n      options=(${described(options)}) ;;`,
  )
  .join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then _describe option options
  elif (( $#subcommands )); then _describe command subcommands
  else _files; fi
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function pathsBelow(all: readonly Completed[]): string[] {
  return all.slice(1).map(({ path }) => path)
}

/** Options with the same values share a line. */
function choicesOf(
  all: readonly Completed[],
): readonly { readonly after: readonly string[]; readonly words: readonly string[] }[] {
  const byWords = new Map<string, string[]>()
  for (const { after, words } of all.flatMap(({ choices }) => choices)) {
    const key = words.join(' ')
    byWords.set(key, [...(byWords.get(key) ?? []), after])
  }
  return [...byWords].map(([words, after]) => ({ after, words: words.split(' ') }))
}

function patterns(texts: readonly string[]): string {
  return texts.map(text => `'${text}'`).join('|')
}

function wordsOf(words: readonly Word[]): string {
  return words.map(({ word }) => word).join(' ')
}

/** For `_describe` of zsh: a colon separates word and description. */
function described(words: readonly Word[]): string {
  return words
    .map(({ word, about }) => {
      const text = about === '' ? word : `${word}:${about.replaceAll(':', '\\:')}`
      return `'${text.replaceAll("'", `'\\''`)}'`
    })
    .join(' ')
}
