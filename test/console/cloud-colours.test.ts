import { dirname } from 'node:path'
import test from 'ava'
import { mixmatch } from '../commands/run-command.js'
import { alice, cornmeal, created, disk, event, idp, image, millet } from '../controls.js'
import { consoleOf, request, requestComplete } from './console-server.js'
import { logOf } from './example-log.js'

/** The class of each cloud's colour, by the pattern of its markup. */
function classesIn(page: unknown, pattern: RegExp): Record<string, string> {
  return Object.fromEntries(
    [...String(page).matchAll(pattern)].map(([, colour = '', cloud = '']) => [cloud, colour]),
  )
}

test('a cloud has the same colour in the console and in reports, whatever the order of the configuration', async t => {
  const file = logOf(t, [
    event({ serviceProvider: millet }),
    created(disk, alice, { serviceProvider: cornmeal }),
    created(image, alice, { serviceProvider: millet }),
  ])
  const respond = consoleOf(file, [idp, cornmeal, millet])
  const { body } = await requestComplete(respond, '/console/events')
  const inConsole = classesIn(body, /<span class="cloud (c\d)">([^<]*)</g)
  t.deepEqual(inConsole, { millet: 'c0', cornmeal: 'c1' })
  const { out } = await mixmatch(dirname(file), 'audit', 'summary', '--log', file, '-f', 'html')
  t.like(classesIn(out, /<i class="(c\d)"><\/i>([a-z]+)/g), inConsole)

  const [, sheet = ''] = /href="([^"]*clouds\.css)"/.exec(String(body)) ?? []
  const style = await request(respond, sheet)
  t.regex(String(style.body), /\.c7 \{ --c: #/)
  t.true(out.includes(String(style.body)))
})

test('a cloud that has no event yet has a colour of its own, and keeps it with its first event', async t => {
  const file = logOf(t, [event({ serviceProvider: millet })])
  const page = await request(
    consoleOf(file, [idp, millet]),
    '/console/explain?method=GET&path=/image/v2/images',
  )
  t.like(classesIn(page.body, /<span class="cloud (c\d)">([^<]*)</g), { default: 'c1' })
})

test('without a log the clouds of the configuration have their colours', async t => {
  const { body } = await request(
    consoleOf('/nowhere/events.db', [idp, millet]),
    '/console/requests',
  )
  t.regex(String(body), /<h1>Requests<\/h1>/)
})
