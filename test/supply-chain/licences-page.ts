import { readLockFile } from './lock-file.js'

const heading = `# Licences of dependencies

Made from \`package-lock.json\` by \`npm run docs\`. Mixmatch itself is under the [Apache License 2.0](../LICENSE).
[supply-chain.md](supply-chain.md) says what is checked.

## Installed with Mixmatch

| package | version | licence |
|---|---|---|
`

const forDevelopment = `
## For building and testing

| licence | packages |
|---|---|
`

/** docs/licences.md: each package that runs, and the number of the others under each licence. */
export function renderLicencesPage(): string {
  const packages = readLockFile()
  const installed = packages
    .filter(({ dev }) => !dev)
    .map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |\n`)
  const developing = packages.filter(({ dev }) => dev).map(({ licence }) => licence)
  const licences = [...new Set(developing)]
    .sort()
    .map(licence => `| ${licence} | ${developing.filter(other => other === licence).length} |\n`)
  return heading + [...new Set(installed)].sort().join('') + forDevelopment + licences.join('')
}
