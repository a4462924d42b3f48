import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { samplesOf, start } from './serving.js'

// Each test starts several processes, so they run one at a time.

const damages: Record<string, (file: string) => void> = {
  deleted: file => rmSync(file),
  emptied: file => truncateSync(file, 0),
  overwritten: file => writeFileSync(file, 'no database, but as long as one might be '.repeat(900)),
}

for (const [damage, apply] of Object.entries(damages)) {
  test.serial(`views that are ${damage} while serving are built anew by themselves`, async t => {
    const serving = start(t, 'serve')
    await serving.line('serving')
    const ops = await serving.ops()
    const position = await positionOfViews(t, ops)
    const views = join(serving.directory, 'events.views.db')
    serving.forget()
    apply(views)
    await serving.line('a process died and is started again')
    await serving.line('views were built')
    t.true(existsSync(views))
    while ((await positionOfViews(t, ops)) < position) await setTimeout(100)
    const url = await serving.url()
    while ((await fetch(`${url}/healthcheck`)).status !== 200) await setTimeout(100)
    t.pass()
  })
}

async function positionOfViews(t: ExecutionContext, ops: string): Promise<number> {
  const page = await fetch(`${ops}/metrics`)
  t.is(page.status, 200)
  return samplesOf(await page.text()).get('mixmatch_views_position') ?? -1
}
