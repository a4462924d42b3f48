import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { folder } from './controls.js'

const run = promisify(execFile)

/** Build the program in a temporary folder. */
async function buildProgram(t: ExecutionContext): Promise<string> {
  const directory = folder(t)
  copyFileSync('package.json', join(directory, 'package.json'))
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'))
  const built = join(directory, 'dist')
  await run(process.execPath, ['--import=tsx', 'build.ts', built])
  return built
}

test('the built program has each script beside the file that starts it, and the files of the console', async t => {
  const built = await buildProgram(t)
  const texts = readdirSync(built)
    .filter(name => name.endsWith('.js'))
    .map(name => readFileSync(join(built, name), 'utf8'))
  const started = texts.flatMap(text => [...text.matchAll(/import\.meta\.resolve\("(.+?)"\)/g)])
  const scripts = started.map(([, script = '']) => script).sort()
  t.deepEqual(scripts, [
    './compression-thread.js',
    './damage-check.js',
    './query-process.js',
    './verify-part.js',
  ])
  t.deepEqual(
    scripts.filter(script => !existsSync(join(built, script))),
    [],
  )
  // An import statement would load Node's client for WebSocket as well.
  t.false(texts.some(text => /^import .*["'](node:)?http["']/m.test(text)))
  t.deepEqual(readdirSync(join(built, 'assets')), readdirSync('src/console/assets'))
  t.regex(
    readFileSync(join(built, 'LICENCES.txt'), 'utf8'),
    /^koa [\d.]+: MIT\n\n\(The MIT License\)/m,
  )
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const { stdout } = await run(process.execPath, [join(built, 'main.js'), '--version'])
  t.true(stdout.startsWith(`mixmatch ${version} `), stdout)
})
