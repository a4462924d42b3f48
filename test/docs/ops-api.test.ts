import { readFileSync } from 'node:fs'
import test from 'ava'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { alice, created, disk } from '../controls.js'
import { openOpsPort } from '../http/ops-port.js'

const page = readFileSync('docs/ops-api.md', 'utf8')
const commands = page.split('\n').filter(line => line.startsWith('    curl '))

/** What the page leaves to the reader. */
const values = { ID: disk.id, PROJECT: alice, POSITION: '1', REQUEST: 'req-1' }

test('each curl command of docs/ops-api.md gets its answer', async t => {
  t.true(commands.length > 15)
  const { url, logFile } = await openOpsPort(t, [created(disk, alice)])
  openViews(viewsFileOf(logFile), [logFile]).views[Symbol.dispose]()
  for (const command of commands) {
    const [, target = ''] = /\$OPS(\/[^" ]*)/.exec(command) ?? []
    const path = target.replace(/\$(\w+)/g, (name, key) => Object(values)[key] ?? name)
    const [, body] = / -d '(.*)'$/.exec(command) ?? []
    const response = await fetch(`${url}${path}`, body ? { method: 'POST', body } : {})
    const isLogged = path.includes('request_id') // of an access log, which there is not
    t.is(response.status, isLogged ? 404 : 200, command)
    await response.body?.cancel()
  }
})
