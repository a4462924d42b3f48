import test from 'ava'
import { pino } from 'pino'
import { people } from '../../sandbox/people.js'
import { createOpsAdmission } from '../../src/process/ops-admission.js'
import { alice, created, disk, idp } from '../controls.js'
import { configOf } from '../process/federated-config.js'
import { logIn, startClouds } from '../sandbox/clouds.js'
import { useBrowser } from './browser.js'
import { consoleOf, serveConsole } from './console-server.js'
import { logOf } from './example-log.js'

const open = useBrowser()

test('a user logs in to the console with Keystone, sees the requested page, and logs out', async t => {
  const federation = await startClouds(t)
  const config = configOf(t, federation)
  const admission = createOpsAdmission({
    auth: 'keystone',
    config: () => config,
    logger: pino({ level: 'silent' }),
  })
  t.teardown(() => admission[Symbol.asyncDispose]())
  const file = logOf(t, [created(disk, alice, { serviceProvider: idp })])
  const parts = { isOpen: () => false, access: admission }
  const origin = await serveConsole(t, consoleOf(file, ['default', 'sp1', 'sp2'], parts))
  const { page, complaints } = await open(t, origin)

  await page.goto('/console/events?cloud=default')
  await page.getByLabel('User', { exact: true }).fill(people.admin.name)
  await page.getByLabel('Password').fill('wrong')
  await page.getByLabel('Project', { exact: true }).fill(people.admin.project)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  t.regex(
    (await page.getByRole('alert').textContent()) ?? '',
    /Keystone does not accept this login/,
  )
  t.is(await page.getByLabel('Password').inputValue(), '')

  await page.getByLabel('User', { exact: true }).fill(people.admin.name)
  await page.getByLabel('Password').fill(people.admin.password)
  await page.getByLabel('Project', { exact: true }).fill(people.admin.project)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.waitForURL('**/console/events?cloud=default')
  t.regex((await page.locator('.who').textContent()) ?? '', /admin sees all projects/)

  const [cookie] = await page.context().cookies()
  t.like(cookie, { httpOnly: true, sameSite: 'Strict', path: '/console' })
  t.is(await page.evaluate('document.cookie'), '')

  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL('**/console/login')
  await page.goto('/console/events')
  t.regex(page.url(), /\/console\/login\?next=/)

  await page.getByText('With a token').click()
  const { token } = await logIn(federation.cloud('default'), people.demo)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Log in with the token' }).click()
  await page.waitForURL('**/console/events')
  t.regex((await page.locator('.who').textContent()) ?? '', /demo sees project demo/)
  t.regex(
    (await page.locator('main').textContent()) ?? '',
    /No such event/,
    'the volume is of another project',
  )
  t.deepEqual(complaints, [])
})
