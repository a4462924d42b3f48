import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { createBackground } from '../../src/api/background.js'
import { formatTime } from '../../src/event/time.js'
import { micros, resourceId, spName } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { locateAt } from '../../src/replay/past-locations.js'
import { placementsAt } from '../../src/replay/placement-history.js'
import { positionAt } from '../../src/replay/point.js'
import { mixmatch } from '../commands/run-command.js'
import { alice, created, disk, folder } from '../controls.js'
import { rowsOf, useBrowser } from './browser.js'
import { consoleOf, requestComplete, serveConsole } from './console-server.js'

const open = useBrowser()
const sample = fileURLToPath(new URL('../../data/sample.ndjson.gz', import.meta.url))
const clouds = ['default', 'sp1', 'sp2']

/** The console of the sample history. */
async function sampled(t: ExecutionContext) {
  const path = folder(t)
  await mixmatch(path, 'log', 'import', sample, '--log', 'events.db')
  await mixmatch(path, 'views', 'rebuild', '--log', 'events.db')
  const file = join(path, 'events.db')
  const console = consoleOf(file, clouds)
  for (const page of ['', 'conflicts']) await requestComplete(console, `/console/${page}`)
  return { path, file, origin: await serveConsole(t, console) }
}

/** A volume of the sample that was transferred and deleted, and one that is held. */
const TRANSFERRED = 'select resource_id from events where kind = 3 and resource_type = 1 limit 1'

test('the first page of the console has the counts of the views', async t => {
  const { path, origin } = await sampled(t)
  const { page, complaints, wireBytes } = await open(t, origin)
  await page.goto('/console/')
  const rows = await rowsOf(page, 'Resources by project and cloud')
  const { out } = await mixmatch(
    path,
    'audit',
    'placement',
    '--log',
    'events.db',
    '--format',
    'json',
  )
  const held = out
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
    .filter(row => 'from_position' in row && row.to_position === null)
  t.true(held.length > 200)
  const counts = new Map<string, number>()
  for (const { project, service_provider } of held) {
    const key = `${project.slice(0, 8)}… ${service_provider}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const shown = rows.flatMap(row => {
    const [project = '', ...cells] = row.split(' ')
    return clouds.flatMap((cloud, index) =>
      cells[index] === '·' ? [] : [[`${project} ${cloud}`, Number(cells[index])] as const],
    )
  })
  t.deepEqual(shown.sort(), [...counts].sort())
  const total = await page.locator('#placement h2 small').first().textContent()
  t.is(total, `${held.length} resources`)
  t.true((await wireBytes()) < 150_000, `${await wireBytes()} bytes for the first view`)
  t.deepEqual(complaints, [])
})

test('the page of a resource shows its placements and its place at the moment of the slider', async t => {
  const { file, origin } = await sampled(t)
  using log = openHistory([file])
  const stored = log.db.prepare<[], Buffer>(TRANSFERRED).pluck().get()
  const id = resourceId(stored?.toString('hex') ?? '')
  const placements = placementsAt(log, id, log.head().position)
  t.true(placements.length > 1)
  const { page, complaints } = await open(t, origin)
  await page.goto(`/console/resource/volume/${id}`)
  const time = (at: number) => formatTime(micros(at)).slice(0, 19).replace('T', ' ')
  t.deepEqual(
    await rowsOf(page, 'Placements'),
    placements.map(({ serviceProvider, project, from, to }) =>
      [
        serviceProvider,
        `${project?.slice(0, 8)}…`,
        time(from.at),
        from.position,
        to ? time(to.at) : 'now',
        to ? to.position : '–',
      ].join(' '),
    ),
  )

  // By keyboard from the end to the beginning: each moment shows what the log knew then.
  const slider = page.getByRole('slider')
  await slider.focus()
  await page.keyboard.press('Home')
  for (let step = 0; step < 12; step += 1) {
    for (let more = 0; more < 12; more += 1) await page.keyboard.press('ArrowRight')
    const moment = micros(Number(await slider.inputValue()) * 1000)
    await page.waitForURL(url => url.searchParams.get('time') === String(moment / 1000))
    const places = locateAt(log, positionAt(log, { time: moment }))('volume', id)
    const strong = page.locator('#placement strong')
    t.deepEqual(
      await strong.allInnerTexts(),
      places.map(({ serviceProvider }) => serviceProvider),
      `at ${formatTime(moment)}`,
    )
  }
  await page.keyboard.press('End')
  await page.waitForURL(url => !url.searchParams.has('time'))
  t.is(await page.locator('output').textContent(), 'now')
  t.deepEqual(complaints, [])
})

test('the search box finds a resource by the beginning of its id, and the key / moves to the box', async t => {
  const { file, origin } = await sampled(t)
  using log = openHistory([file])
  const [event] = log.read()
  t.truthy(event)
  const withResource = [...log.read()].find(({ resource }) => resource !== null)?.resource
  const { page, complaints } = await open(t, origin)
  await page.goto('/console/events')
  await page.keyboard.press('/')
  await page.keyboard.type(withResource?.id.slice(0, 13) ?? '')
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/console/resource/${withResource?.type}/${withResource?.id}`)
  await page.keyboard.press('/')
  await page.keyboard.type('ffffffff-0000')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/console/search?q=*')
  t.regex((await page.locator('main').textContent()) ?? '', /No resource has an id that begins so/)
  t.deepEqual(complaints, [])
})

test('new events appear by themselves and only if the filters match, and wait while the page is paused', async t => {
  const file = join(folder(t), 'events.db')
  using log = openLog(file)
  let messages = 0
  const record = (cloud: string) => {
    messages += 1
    const fields = { serviceProvider: spName(cloud), messageId: `m${messages}` }
    log.append([{ ...created(disk, alice), ...fields }], micros(Date.now() * 1000))
  }
  record('sp1')
  const origin = await serveConsole(t, consoleOf(file, clouds))
  const { page, complaints } = await open(t, origin)
  await page.goto('/console/events?cloud=sp1')
  const positions = async () =>
    (await rowsOf(page, 'Events, newest first')).map(row => Number(row.split(' ')[0]))
  t.deepEqual(await positions(), [1])
  record('sp2')
  record('sp1')
  await page.locator('#events tr').nth(1).waitFor()
  t.deepEqual(await positions(), [3, 1])
  await page.getByRole('button', { name: 'Pause' }).click()
  record('sp1')
  await page.getByText('paused, 1 new').waitFor()
  t.deepEqual(await positions(), [3, 1])
  await page.getByRole('button', { name: 'Resume' }).click()
  t.deepEqual(await positions(), [4, 3, 1])
  t.deepEqual(complaints, [])
})

test('a refresh leaves parts of the page alone that did not change', async t => {
  const { origin } = await sampled(t)
  const { page } = await open(t, origin)
  await page.goto('/console/conflicts')
  await page.evaluate(`new MutationObserver(changes => {
    document.body.dataset.changes = changes.length
  }).observe(document.getElementById('content'), {
    subtree: true, childList: true, characterData: true
  })`)
  await page.waitForResponse(response => response.url().endsWith('/console/conflicts'))
  await page.waitForTimeout(500)
  t.is(await page.evaluate('document.body.dataset.changes ?? null'), null)
})

test('without scripts every page of the console shows its content, and the slider has a button', async t => {
  const { origin } = await sampled(t)
  const { page } = await open(t, origin, { scripts: false })
  await page.goto('/console/')
  await page.getByRole('button', { name: 'Show' }).click()
  await page.waitForURL(/\/console\/\?time=\d+$/)
  t.true((await rowsOf(page, 'Resources by project and cloud')).length > 5)
  await page.goto('/console/events')
  t.is((await rowsOf(page, 'Events, newest first')).length, 100)
})

test('a page says that the log is being read, and then works as if it had been read before', async t => {
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    log.append([created(disk, alice)], micros(Date.now() * 1000))
  }
  openViews(viewsFileOf(file), [file]).views[Symbol.dispose]()
  const waiting: Generator<void, void>[] = []
  const background = createBackground(steps => waiting.push(steps))
  const origin = await serveConsole(t, consoleOf(file, clouds, {}, background))
  const { page, complaints } = await open(t, origin)
  await page.goto('/console/buses')
  await page.getByText('The log is being read').waitFor()
  t.is((await rowsOf(page, 'State of each cloud')).length, clouds.length)
  await page.goto('/console/conflicts')
  await page.getByText('The log is being read').waitFor()
  await page.goto('/console/')
  await page.getByText('The log is being read').waitFor()
  for (const steps of waiting.splice(0)) while (!steps.next().done) {}
  await page.getByRole('slider').focus()
  await page.keyboard.press('Home')
  await page.waitForURL(/time=/)
  t.not(await page.locator('output').textContent(), 'now')
  t.deepEqual(complaints, [])
})
