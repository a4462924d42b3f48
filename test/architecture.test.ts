import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize, relative } from 'node:path'
import test from 'ava'

/** The folders of `src`, in the order of docs/architecture.md. Each may import the folders before it. */
const folders = [
  'event',
  'service',
  'bus',
  'notification',
  'log',
  'projection',
  'config',
  'metrics',
  'http-client',
  'observation',
  'fleet',
  'identity',
  'routing',
  'upstream',
  'network-extension',
  'aggregate',
  'offload',
  'reconcile',
  'replay',
  'anchor',
  'audit',
  'doctor',
  'api',
  'console',
  'http',
  'process',
  'cli',
  'commands',
]

/** Folders that must not import each other. Only commands and processes combine them. */
const strangers = [['bus', 'notification'], ['log'], ['projection']]

/** Where each library may be imported. */
const homes: Readonly<Record<string, readonly string[]>> = {
  amqplib: ['bus'],
  'better-sqlite3': ['', 'log', 'projection', 'replay', 'audit', 'api'],
  commander: ['cli', 'commands'],
  ini: ['config'],
  koa: ['http'],
  'koa-router': ['http'],
  'prom-client': ['metrics'],
  undici: ['http-client'],
}

interface SourceFile {
  /** Relative to the root: `src/log/reader.ts`. */
  readonly path: string
  readonly text: string
  /** Files and packages, as paths relative to the root and package names. */
  readonly imports: readonly string[]
}

const files = ['src', 'sandbox'].flatMap(sourceFiles)
const ours = files.filter(({ path }) => path.startsWith('src/'))

test('each folder of src imports only folders that come before it in docs/architecture.md', t => {
  t.deepEqual(
    [...new Set(ours.map(({ path }) => folderOf(path)).filter(Boolean))].sort(),
    folders.toSorted(),
  )
  const wrong = folderImports().filter(
    ({ from, to }) => from !== '' && to !== '' && rank(to) > rank(from),
  )
  t.deepEqual(wrong.map(describe), [])
})

test('bus, log and projection do not import each other', t => {
  const groupOf = (folder: string) => strangers.find(group => group.includes(folder))
  const wrong = folderImports().filter(({ from, to }) => {
    const [left, right] = [groupOf(from), groupOf(to)]
    return left !== undefined && right !== undefined && left !== right
  })
  t.deepEqual(wrong.map(describe), [])
})

test('each library is imported only in its own folder', t => {
  const wrong = ours.flatMap(({ path, imports }) =>
    imports
      .filter(name => name in homes && !homes[name]?.includes(folderOf(path)))
      .map(name => `${path} imports ${name}`),
  )
  t.deepEqual(wrong, [])
})

test('no files import each other in a circle', t => {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]))
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (path: string, way: readonly string[]) => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '))
    if (way.includes(path) || done.has(path)) return
    for (const next of importsOf.get(path) ?? []) walk(next, [...way, path])
    done.add(path)
  }
  for (const { path } of files) walk(path, [])
  t.deepEqual(circles, [])
})

test('no two files of src have the same name', t => {
  t.deepEqual(
    repeated(
      ours.map(({ path }) => basename(path)),
      ours.map(({ path }) => path),
    ),
    [],
  )
})

test('no two exports of src have the same name', t => {
  const exported = ours.flatMap(({ path, text }) => exportsIn(text).map(name => ({ name, path })))
  t.deepEqual(
    repeated(
      exported.map(({ name }) => name),
      exported.map(({ path }) => path),
    ),
    [],
  )
})

test('each export is imported somewhere', t => {
  const users = [...files, ...sourceFiles('test')]
  const unused = files.flatMap(({ path, text }) =>
    exportsIn(text)
      .filter(name => !users.some(user => user.path !== path && mentions(user, path, name)))
      .map(name => `${path}: ${name}`),
  )
  t.deepEqual(unused, [])
})

function exportsIn(text: string): string[] {
  const declared = /^export (?:async )?(?:function\*?|const|interface|type|class) (\w+)/gm
  return [...text.matchAll(declared)].map(([, name = '']) => name)
}

function mentions(user: SourceFile, path: string, name: string): boolean {
  return user.imports.includes(path) && new RegExp(`\\b${name}\\b`).test(user.text)
}

function folderImports() {
  return ours.flatMap(({ path, imports }) =>
    imports
      .filter(name => name.startsWith('src/') && folderOf(name) !== folderOf(path))
      .map(name => ({ from: folderOf(path), to: folderOf(name), path, name })),
  )
}

function describe({ path, name }: { path: string; name: string }): string {
  return `${path} imports ${name}`
}

/** `log` for `src/log/reader.ts`; empty for files directly in `src`. */
function folderOf(path: string): string {
  const [, folder = '', ...rest] = path.split('/')
  return rest.length > 0 ? folder : ''
}

function rank(folder: string): number {
  return folders.indexOf(folder)
}

/** Names that occur more than once, each with all its paths. */
function repeated(names: readonly string[], paths: readonly string[]): string[] {
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [...twice].map(
    name => `${name}: ${paths.filter((_, index) => names[index] === name).join(', ')}`,
  )
}

function sourceFiles(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => {
      const path = join(root, name)
      const text = readFileSync(path, 'utf8')
      const names = text.matchAll(/(?:\bfrom|\bimport\(|\bimport|new URL\()\s*'([^']+)'/g)
      return { path, text, imports: [...names].map(([, to = '']) => resolveImport(path, to)) }
    })
}

function resolveImport(path: string, name: string): string {
  if (!name.startsWith('.')) return name
  return relative('.', normalize(join(dirname(path), name))).replace(/\.js$/, '.ts')
}
