import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { columnsOf, type Result } from './result.js'

/** The page between whose markers the results stand. */
const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
const BEGIN = '<!-- written by npm run bench -->'
const END = '<!-- end of what npm run bench wrote -->'

/** The machine and the versions, in one line. */
export function describeMachine(): string {
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 1e9)
  return [
    `${cpus().length} cores (${cpu?.model.trim()}), ${gigabytes} GB of memory`,
    `Node ${process.version.slice(1)}`,
    version('nginx', ['-v'], /nginx\/([\d.]+)/, 'nginx'),
    version('haproxy', ['-v'], /version ([\d.]+)/, 'HAProxy'),
  ].join(', ')
}

function version(program: string, args: string[], pattern: RegExp, name: string): string {
  try {
    // nginx prints its version to standard error.
    const text = execFileSync('sh', ['-c', `${program} ${args.join(' ')} 2>&1`], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    })
    return `${name} ${pattern.exec(text)?.[1] ?? ''}`
  } catch {
    return `no ${name}`
  }
}

/** Put the results between the markers of docs/performance.md. */
export function writeReport(
  measured: readonly { readonly title: string; readonly results: readonly Result[] }[],
): void {
  const [before = '', rest = ''] = readFileSync(page, 'utf8').split(BEGIN)
  const [, after = ''] = rest.split(END)
  const date = new Date().toISOString().slice(0, 10)
  const tables = measured.map(({ title, results }) => `### ${title}\n\n${table(results)}`)
  const text = [`Measured on ${date}: ${describeMachine()}.`, ...tables].join('\n\n')
  writeFileSync(page, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`)
}

function table(results: readonly Result[]): string {
  const header = ['', 'value', 'bar', '', 'measured', 'against']
  const lines = [header, header.map(() => '---'), ...results.map(columnsOf)]
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
