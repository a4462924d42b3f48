import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type ConfigPlace, checkConfig } from '../../src/config/config.js'
import { formatIssue } from '../../src/config/config-issue.js'
import type { Environment } from '../../src/config/effective-settings.js'

/** The smallest valid configuration: only the identity provider. */
export const least = `
[DEFAULT]
service_providers = default
[sp_default]
messagebus = rabbit://rabbit/
image_endpoint = http://glance:9292
volume_endpoint = http://cinder:8776
`

/** A configuration with the identity provider and one service provider. */
export const federated = `${least.replace('= default', '= default, sp1')}
[sp_sp1]
messagebus = rabbit://rabbit.sp1/
auth_url = https://keystone.sp1/v3
`

/** A new working directory with these files. */
export function place(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
  env: Environment = {},
): ConfigPlace {
  const cwd = mkdtempSync(join(tmpdir(), 'mixmatch-config-'))
  t.teardown(() => rmSync(cwd, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  return { cwd, env, sources: [{ file: 'mixmatch.conf' }] }
}

/** Check one file. Issues are returned as the lines that operators read. */
export function check(t: ExecutionContext, text: string, env: Environment = {}) {
  const checked = checkConfig(place(t, { 'mixmatch.conf': text }, env))
  return {
    ...checked,
    problems: checked.problems.map(formatIssue),
    warnings: checked.warnings.map(formatIssue),
  }
}
