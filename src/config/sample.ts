import type { Option } from './option.js'
import { groupTitles, options } from './options.js'

const WIDTH = 88

const HEAD = `\
# mixmatch.conf

# All options of Mixmatch. An option behind a # shows its default, or an example where
# it has none. The environment overrides the files: OS_<GROUP>__<OPTION>, such as
# OS_AUTH__PASSWORD or OS_SP_CORNMEAL__MESSAGEBUS.
#
# Values may be quoted. The items of a list are separated by commas, or stand on indented
# lines. A comment must have its own line: a # behind a value is part of the value.
# $name and $group.name stand for the value of another option, $$ for a dollar sign.
`

const IDENTITY_PROVIDER = `\
${title('The cloud that Mixmatch stands in')}
# Its catalog names Mixmatch where its image and volume services would be named, so that
# here stands where these really are. All options of a cloud are shown further down.

[sp_default]

messagebus = rabbit://mixmatch:secret@rabbit.example.org:5672/
image_endpoint = http://glance.example.org:9292
volume_endpoint = http://cinder.example.org:8776
`

/** Render `etc/mixmatch.conf.sample`: every option with its help and its default. */
export function renderSample(): string {
  return [
    HEAD,
    group('DEFAULT', groupTitles.DEFAULT, options.DEFAULT, ['service_providers']),
    group('auth', groupTitles.auth, options.auth, []),
    group('database', groupTitles.database, options.database, []),
    group('ops', groupTitles.ops, options.ops, []),
    group('fleet', groupTitles.fleet, options.fleet, []),
    IDENTITY_PROVIDER,
    group('sp_cornmeal', groupTitles.sp, options.sp, ['sp_name', 'messagebus', 'auth_url']),
  ].join('\n\n')
}

type OptionTable = Readonly<Record<string, Option<unknown>>>

/** @param set names of the options that are set to their example, not commented out */
function group(name: string, about: string, members: OptionTable, set: readonly string[]): string {
  const entries = Object.values(members).map(each => entry(each, set.includes(each.name)))
  return `${title(about)}\n[${name}]\n\n${entries.join('\n')}`
}

function entry({ name, default: fallback, help, traits }: Option<unknown>, isSet: boolean): string {
  const otherwise = traits.otherwise ?? (fallback === null ? 'not set' : null)
  const about = otherwise === null || isSet ? help : `${help} Default: ${otherwise}.`
  const value = fallback === null || fallback === '' ? (traits.example ?? '') : fallback
  return `${comment(about)}${isSet ? '' : '#'}${name} = ${isSet ? traits.example : value}\n`
}

function title(about: string): string {
  return `# --- ${about} `.padEnd(WIDTH, '-').concat('\n')
}

function comment(words: string): string {
  const lines = ['#']
  for (const word of words.split(' ')) {
    const line = `${lines.at(-1)} ${word}`
    if (line.length <= WIDTH) lines[lines.length - 1] = line
    else lines.push(`# ${word}`)
  }
  return `${lines.join('\n')}\n`
}
