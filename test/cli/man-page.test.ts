import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { manPages, wholeProgram } from './whole-program.js'

test('the man pages in etc/man are up to date', async t => {
  const pages = await manPages()
  t.deepEqual(readdirSync('etc/man').sort(), [...pages.keys()].sort())
  for (const [file, text] of pages) {
    t.is(readFileSync(join('etc/man', file), 'utf8'), text, 'npm run docs writes it anew')
  }
})

test('the man pages have every command with its options and example', async t => {
  const all = [...(await manPages()).values()].join('\n')
  const program = await wholeProgram()
  for (const command of program.commands) {
    t.true(all.includes(`mixmatch\\-${command.name()}`), command.name())
    for (const subcommand of command.commands) {
      t.true(all.includes(`.SS mixmatch ${command.name()} ${subcommand.name()}`))
    }
  }
  t.regex(all, /\\fB\\-\\-history\\fR/)
  t.regex(all, /^Example: mixmatch log tail \\-f/m)
  t.notRegex(all, /supervised/)
})

test('the man pages contain no accidental roff requests', async t => {
  const requests = ['.\\"', '.TH', '.SH', '.SS', '.TP', '.PP', '.nf', '.fi']
  for (const [file, text] of await manPages()) {
    for (const line of text.split('\n').filter(each => /^[.']/.test(each))) {
      t.true(requests.includes(line.split(' ')[0] ?? ''), `${file}: ${line}`)
    }
    t.notRegex(text, /\\(?![-e&f"])/, file)
  }
})
