import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, parse } from 'node:path'
import { build, type Plugin } from 'esbuild'

// `npm run build` bundles the program and most of its packages into dist/, or into the folder in the arguments. A
// process loads a few large files in two thirds of the CPU time that hundreds of small ones take.

const [folder = 'dist'] = process.argv.slice(2)

/** The command, and the scripts that run in processes and threads of their own. */
const scripts = [
  'src/main.ts',
  'src/api/query-process.ts',
  'src/log/compression-thread.ts',
  'src/log/verify-part.ts',
  'src/projection/damage-check.ts',
]

/**
 * Load Node's `http` with `require`. An import statement reads all its exports, and the one for WebSocket loads the
 * whole client of Node's `fetch`: that is 20 ms of the 250 ms that a process with a port takes to start.
 */
const requireHttp: Plugin = {
  name: 'require-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'required' } : null,
    )
    onLoad({ filter: /^http$/, namespace: 'required' }, () => ({
      contents: "module.exports = require('node:http')",
    }))
  },
}

rmSync(folder, { recursive: true, force: true })
const { metafile } = await build({
  // All files stand in one folder, so that a script is beside the file that starts it, as in src/.
  entryPoints: scripts.map(file => ({ in: file, out: parse(file).name })),
  outdir: folder,
  bundle: true,
  splitting: true, // what several commands share is loaded once, and what a command does not need is not
  format: 'esm',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  external: ['better-sqlite3', '@foxglove/wasm-bz2'], // they load a binary that stands beside them
  plugins: [requireHttp],
  // Packages in CommonJS call `require` for the modules of Node.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
  },
})
cpSync('src/console/assets', join(folder, 'assets'), { recursive: true })

// The licences of the bundled packages want their texts beside the code.
const packages = Object.keys(metafile.inputs).map(
  file => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0],
)
const texts = [...new Set(packages)].sort().flatMap(directory => {
  if (directory === undefined) return []
  const { name, version, license } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  )
  const file = readdirSync(directory).find(entry => /^licen[cs]e/i.test(entry))
  const text = file ? readFileSync(join(directory, file), 'utf8').trim() : 'without a text'
  return `${name} ${version}: ${license}\n\n${text}\n`
})
writeFileSync(join(folder, 'LICENCES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`))
