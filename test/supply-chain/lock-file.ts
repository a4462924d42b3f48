import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseJson } from '../../src/json.js'

/** A package of package-lock.json, such as `koa 3.3.0`. */
export interface LockedPackage {
  readonly path: string
  readonly name: string
  readonly version: string
  /** SPDX expression. */
  readonly licence: string
  /** Only for building and testing. */
  readonly dev: boolean
  readonly hasIntegrity: boolean
  readonly hasInstallScript: boolean
  /** For other systems than this one: npm records the hash when it installs a package. */
  readonly isOptional: boolean
}

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string(),
      license: z.string(),
      dev: z.boolean().default(false),
      optional: z.boolean().default(false),
      integrity: z.string().optional(),
      hasInstallScript: z.boolean().default(false),
    }),
  ),
})

/** All packages of the lock file, in the order of their paths, without the project itself. */
export function readLockFile(): readonly LockedPackage[] {
  const { packages } = lockFile.parse(parseJson(readFileSync('package-lock.json', 'utf8')))
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      path,
      name: entry.name ?? path.replace(/^.*node_modules\//, ''),
      version: entry.version,
      licence: entry.license,
      dev: entry.dev,
      hasIntegrity: entry.integrity !== undefined,
      hasInstallScript: entry.hasInstallScript,
      isOptional: entry.optional,
    }))
}
