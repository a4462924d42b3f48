import { join } from 'node:path'
import test from 'ava'
import type { Event } from '../../src/event/event.js'
import { projectId, resourceId, spName } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { rebuildViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { at, event, folder } from '../controls.js'
import { useBrowser } from './browser.js'
import { consoleOf, serveConsole } from './console-server.js'

const open = useBrowser()

/** Names that could become a script, for text, attributes, URLs, scripts, styles and templates. */
const corpus = [
  '<script>window.hacked=1</script>',
  '"><script>window.hacked=1</script>',
  "'><img src=x onerror=window.hacked=1>",
  '"><svg onload=window.hacked=1>',
  '" onmouseover="window.hacked=1" x="',
  "' autofocus onfocus='window.hacked=1",
  'javascript:window.hacked=1',
  '</title><script>window.hacked=1</script>',
  '</textarea><script>window.hacked=1</script>',
  '</style><style>body{display:none}</style>',
  '<iframe srcdoc="<script>parent.hacked=1</script>">',
  '<a href="javascript:window.hacked=1">x</a>',
  '<math><mi xlink:href="data:x,<script>window.hacked=1</script>">',
  '{{constructor.constructor("window.hacked=1")()}}',
  '$'.concat('{window.hacked=1}'),
  '&lt;script&gt;window.hacked=1&lt;/script&gt;',
  '&#60;script&#62;window.hacked=1&#60;/script&#62;',
  '\u2028<script>window.hacked=1</script>\u0000',
  '`-window.hacked=1-`',
  '<!--<img src="--><img src=x onerror=window.hacked=1>',
  '<noscript><p title="</noscript><img src=x onerror=window.hacked=1>">',
  '../../etc/passwd?x=#%00',
]

/** Events in which every text that a cloud can choose is hostile. */
function hostileEvents(): Event[] {
  return corpus.map((text, index) =>
    event({
      serviceProvider: spName(text.slice(0, 60)),
      eventType: text,
      kind: 'created',
      resource: { type: 'volume', id: resourceId(`${index}${text}`) },
      project: projectId(text),
      body: JSON.stringify({
        event_type: text,
        payload: { display_name: text, user_id: text, [text]: text },
      }),
    }),
  )
}

test('no text of a cloud becomes a script on any page of the console', async t => {
  t.timeout(240_000)
  const events = hostileEvents()
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    log.append(events, at(1000))
  }
  rebuildViews(viewsFileOf(file), [file])
  const clouds = corpus.slice(0, 3).map(text => text.slice(0, 60))
  const origin = await serveConsole(t, consoleOf(file, clouds))
  const { page, complaints } = await open(t, origin)
  const paths = [
    '',
    'events',
    'buses?window=all',
    'conflicts',
    'requests',
    'audit',
    ...events.flatMap(({ resource }, index) => [
      `event/${index + 1}`,
      `resource/volume/${encodeURIComponent(resource?.id ?? '')}`,
    ]),
    ...corpus.flatMap(text => [
      `search?q=${encodeURIComponent(text)}`,
      `project/${encodeURIComponent(text)}`,
      `events?cloud=${encodeURIComponent(text)}&type=${encodeURIComponent(text)}`,
      `explain?method=GET&path=${encodeURIComponent(text)}&access_line=${encodeURIComponent(text)}`,
      `${encodeURIComponent(text)}?time=${encodeURIComponent(text)}`,
    ]),
  ]
  for (const path of paths) {
    await page.goto(`/console/${path}`, { waitUntil: 'domcontentloaded' })
    t.is(await page.evaluate('window.hacked ?? null'), null, path)
    const foreign =
      'script:not([src^="/console/assets/"]), style, iframe, math, main img, [onerror], [onload]'
    t.is(await page.locator(foreign).count(), 0, path)
    t.is(await page.locator('main').count(), 1, path)
  }
  t.deepEqual(complaints, [])

  await page.goto(`/console/resource/volume/${encodeURIComponent(events[0]?.resource?.id ?? '')}`)
  t.is(await page.locator('h1').textContent(), `${corpus[0]} volume`, 'the name stands as it is')
})
