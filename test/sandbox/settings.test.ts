import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { renderSettings } from '../../sandbox/settings.js'
import { checkConfig } from '../../src/config/config.js'
import { startClouds } from './clouds.js'

test('the configuration of the sandbox is valid and names all its addresses', async t => {
  const { clouds } = await startClouds(t)
  const directory = mkdtempSync(join(tmpdir(), 'mixmatch-settings-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'mixmatch.conf')
  const databaseFile = join(directory, 'events.db')
  const logFile = join(directory, 'mixmatch.log')
  writeFileSync(file, renderSettings({ clouds, port: 5001, opsPort: 9914, databaseFile, logFile }))

  const { config, problems, warnings } = checkConfig({
    sources: [{ file }],
    cwd: directory,
    env: {},
  })
  t.deepEqual(problems, [])
  t.deepEqual(warnings, [])
  t.is(config?.database.file, databaseFile)
  t.is(config?.server.port, 5001)
  t.is(config?.logging.file, logFile)
  t.deepEqual(
    config?.clouds.map(({ name, messagebuses }) => [String(name), messagebuses]),
    clouds.map(({ name, messagebus }) => [name, [messagebus]]),
  )
})
