import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createLogger, osloLine } from '../src/logger.js'
import { folder } from './controls.js'

test('a log line as text is one line without terminal escapes', t => {
  const line = JSON.stringify({
    time: '2026-11-23T13:20:06.707Z',
    pid: 7,
    level: 'warn',
    name: 'recorder',
    msg: 'bus sp1: \u001b[2J\nforged',
    error: '\u009b31m',
  })
  t.is(
    osloLine(line),
    '2026-11-23 13:20:06.707 7 WARN recorder bus sp1: \\x1b[2J\\nforged {"error":"\\u009b31m"}\n',
  )
})

const program = `
  const { createLogger } = await import('./src/logger.ts')
  const json = process.argv[1] === 'null' ? null : process.argv[1] === 'true'
  const logger = createLogger({ debug: true, file: null, json }, 'recorder')
  for (const level of ['debug', 'info', 'warn', 'error']) logger[level](level + ' message')
`
const runProgram = (json: boolean | null) => [
  '--import=tsx',
  '--input-type=module',
  '--eval',
  program,
  String(json),
]

/** The lines that a process writes to standard error, which is a file here. */
function linesOf(t: ExecutionContext, json: boolean | null, isJournal: boolean): string[] {
  const path = join(folder(t), 'stderr')
  const fd = openSync(path, 'w')
  const { dev, ino } = fstatSync(fd)
  const stream = isJournal ? `${dev}:${ino}` : `${dev}:${ino + 1}`
  const env = { ...process.env, JOURNAL_STREAM: stream }
  const { status } = spawnSync(process.execPath, runProgram(json), { stdio: [0, 1, fd], env })
  closeSync(fd)
  t.is(status, 0)
  return readFileSync(path, 'utf8').trim().split('\n')
}

test('lines for the journal begin with their priority, as JSON and as text', t => {
  const priorities = ['<7>', '<6>', '<4>', '<3>']
  const json = linesOf(t, null, true)
  t.deepEqual(
    json.map(line => line.slice(0, 3)),
    priorities,
  )
  t.is(JSON.parse(json[3]?.slice(3) ?? '').msg, 'error message')
  const text = linesOf(t, false, true)
  t.regex(text[2] ?? '', /^<4>\d{4}-.* WARN recorder warn message$/)
})

test('if standard error is not the journal, lines are JSON without a priority', t => {
  const messages = linesOf(t, null, false).map(line => JSON.parse(line).msg)
  t.deepEqual(messages, ['debug message', 'info message', 'warn message', 'error message'])
})

test('lines on a terminal are text, unless JSON is configured', t => {
  const command = (json: boolean | null) =>
    [process.execPath, ...runProgram(json)]
      .map(word => `'${word.replaceAll("'", "'\\''")}'`)
      .join(' ')
  const onTerminal = (json: boolean | null) =>
    execFileSync('script', ['--quiet', '--command', command(json), '/dev/null'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  t.regex(onTerminal(null), /INFO recorder info message/)
  t.regex(onTerminal(true), /"msg":"info message"/)
})

/** Runs a program with a logger that writes to a file; returns the lines of the file. */
function linesAfter(t: ExecutionContext, body: string): Record<string, unknown>[] {
  const file = join(folder(t), 'mixmatch.log')
  const source = `
    const { createLogger } = await import('./src/logger.ts')
    const file = ${JSON.stringify(file)}
    const logger = createLogger({ debug: false, file, json: false }, 'worker')
    ${body}`
  spawnSync(process.execPath, ['--import=tsx', '--input-type=module', '--eval', source])
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
}

for (const [end, statement] of [
  ['throws', "throw new Error('crash')"],
  ['exits', 'process.exit(1)'],
]) {
  test(`no line of the access log is lost if the process ${end} in the same turn`, t => {
    const lines = linesAfter(t, `logger.logRequest({ path: '/"a"' }); ${statement}`)
    t.like(lines, [{ level: 'info', name: 'worker', access: true, path: '/"a"', msg: 'request' }])
    t.is(lines.length, 1)
  })
}

test('a line of the access log has the members of other lines, in the same order', t => {
  const file = join(folder(t), 'mixmatch.log')
  const logger = createLogger({ debug: false, file, json: true }, 'worker')
  logger.logRequest({ path: '/é"', ms: 1.5, status: null })
  logger.info({ access: true, path: '/é"', ms: 1.5, status: null }, 'request')
  const [fast, ofPino] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => line.replace(/"time":"[^"]+"/, '"time":""'))
  t.is(fast, ofPino)
})

test('lines of the access log that were written before a rotation are in the old file', t => {
  const path = folder(t)
  const file = join(path, 'mixmatch.log')
  const logger = createLogger({ debug: false, file, json: true }, 'worker')
  logger.logRequest({ n: 1 })
  renameSync(file, join(path, 'old.log'))
  logger.reopen()
  logger.logRequest({ n: 2 })
  logger.info('flush')
  t.regex(readFileSync(join(path, 'old.log'), 'utf8'), /^\{[^\n]*"n":1,[^\n]*\}\n$/)
  t.regex(readFileSync(file, 'utf8'), /"n":2,/)
})

test('a full disk ends no process that logs, and takes no memory for its lines', t => {
  const source = `
    const { createLogger } = await import('./src/logger.ts')
    const logger = createLogger({ debug: false, file: '/dev/full', json: true }, 'worker')
    logger.logRequest({ path: '/' })
    for (let lines = 0; lines < 20_000; lines += 1) logger.info({ padding: 'x'.repeat(1000) }, 'still logging')
    setImmediate(() => console.log(process.memoryUsage().heapUsed < 20e6 ? 'still running' : 'too large'))`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import=tsx', '--input-type=module', '--eval', source],
    { encoding: 'utf8' },
  )
  t.is(status, 0, stderr)
  t.is(stdout, 'still running\n')
})

test('lines that were written while the disk was full are in the file when it has space again', t => {
  const lines = linesAfter(
    t,
    `const { default: fs } = await import('node:fs')
    const { writeSync } = fs
    fs.writeSync = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    logger.logRequest({ n: 1 })
    logger.error('the disk is full')
    fs.writeSync = writeSync
    logger.logRequest({ n: 2 })`,
  )
  t.like(lines, [{ n: 1 }, { n: 2 }])
})
