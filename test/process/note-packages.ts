import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

// Loaded before a program: at its end, the supervisor writes the packages that it has loaded into a file beside its
// configuration.

const packages = new Set<string>()
registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
    if (name !== undefined) packages.add(name)
    return nextLoad(url, context)
  },
})

const { argv } = process
if (!argv.includes('--supervised')) {
  process.on('exit', () => {
    const config = argv[argv.indexOf('--config-file') + 1]
    writeFileSync(`${config}.packages`, JSON.stringify([...packages]))
  })
}
