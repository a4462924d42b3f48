import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { people } from '../people.js'
import type { Sandbox } from '../sandbox.js'
import { type Client, createClient } from './demo-client.js'
import { type RecordedLine, untilRecorded } from './recorded-events.js'
import type { Terminal } from './terminal.js'

/** A step of the demo that failed. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'

  constructor(step: string, cause: unknown) {
    super(`${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const IMAGE_BYTES = 256 * 1024
const RECORDED_WITHIN_MS = 20_000
const HERE = 'default'
const THERE = 'sp1'

const identified = z.object({ id: z.string() })
const withImages = z.object({ images: z.array(identified.extend({ name: z.string() })) })
const withVolume = z.object({ volume: identified })
const tokenBody = z.object({
  token: z.object({
    project: identified,
    catalog: z.array(
      z.object({ type: z.string(), endpoints: z.array(z.object({ url: z.string() })) }),
    ),
  }),
})

/**
 * Show what Mixmatch does, with the real proxy: each step prints the requests and their responses,
 * and checks them.
 *
 * @throws StepFailed with the step's name
 */
export async function runDemo(sandbox: Sandbox, terminal: Terminal): Promise<void> {
  let steps = 0
  async function step<T>(title: string, act: () => Promise<T>): Promise<T> {
    steps += 1
    const name = `${steps}. ${title}`
    terminal.heading(name)
    try {
      return await act()
    } catch (error) {
      throw new StepFailed(name, error)
    }
  }
  const mixmatch = (...args: string[]) => runVisibly(sandbox, terminal, args)

  const { token, project } = await step('demo logs in, and finds the proxy in the catalog', () =>
    logIn(sandbox, terminal),
  )
  const ask = createClient(sandbox.proxyUrl, token, terminal)
  const volumes = `/volume/v3/${project}/volumes`

  const [imageHere, imageThere] = await step('An image at each of two clouds', async () => [
    await createImage(ask, HERE, {}),
    await createImage(ask, THERE, { at: THERE }),
  ])
  const contents = randomBytes(IMAGE_BYTES)
  await step('Both are uploaded: the requests no longer say where', async () => {
    await upload(ask, imageHere, contents, HERE)
    await upload(ask, imageThere, contents, THERE)
  })
  const [volumeHere, volumeThere] = await step('A volume at each', async () => [
    await createVolume(ask, volumes, HERE, {}),
    await createVolume(ask, volumes, THERE, { at: THERE }),
  ])
  await step('What the clouds told their buses has been recorded', async () => {
    await recorded(sandbox, [
      ['image.activate', imageHere],
      ['image.activate', imageThere],
      ['volume.create.end', volumeHere],
      ['volume.create.end', volumeThere],
    ])
    await mixmatch('log', 'tail', '-n', '20')
  })
  await step('The view: what is where', async () => {
    for (const [id, cloud] of [
      [imageHere, HERE],
      [volumeThere, THERE],
    ] as const) {
      const said = await mixmatch('locate', id)
      check(said.includes(cloud), `locate ${id} does not name ${cloud}`)
    }
  })
  await step('Both images come back as they went', async () => {
    for (const [id, from] of [
      [imageHere, HERE],
      [imageThere, THERE],
    ] as const) {
      const path = `/image/v2/images/${id}/file`
      const { bytes } = await ask({ method: 'GET', path, expect: { status: 200, from } })
      check(bytes.equals(contents), `the image at ${from} came back changed`)
      terminal.output(`${bytes.length} bytes, the same as were sent`)
    }
  })
  await step('Both volumes answer at their one address', async () => {
    await ask({ method: 'GET', path: `${volumes}/${volumeHere}`, expect: ok(HERE) })
    await ask({ method: 'GET', path: `${volumes}/${volumeThere}`, expect: ok(THERE) })
  })
  await step('One list of what all clouds hold', async () => {
    const from = sandbox.federation.clouds.map(({ name }) => name).join(', ')
    const expect = { status: 200, from }
    const { images } = withImages.parse(
      (await ask({ method: 'GET', path: '/image/v2/images', expect })).json,
    )
    for (const { id, name } of images) terminal.output(`${id}  ${name}`)
    const ids = images.map(({ id }) => id)
    check(ids.includes(imageHere) && ids.includes(imageThere), 'the list lacks an image')
  })
  await step('Why a request goes where it goes', async () => {
    const said = await mixmatch('explain', 'GET', `/image/v2/images/${imageThere}`)
    check(said.includes(THERE), `explain does not name ${THERE}`)
  })
  await step(`demo's own token never left ${HERE}`, async () => {
    const digest = createHash('sha256').update(token).digest('hex')
    const seen = sandbox.federation.cloud(THERE).requests()
    const digests = new Set(seen.flatMap(({ tokenDigest }) => tokenDigest ?? []))
    check(digests.size > 0, `${THERE} saw no token at all`)
    check(!digests.has(digest), `the token reached ${THERE}`)
    terminal.output(
      `${THERE} saw ${seen.length} requests and ${digests.size} tokens, that one never`,
    )
  })
  await step('What is deleted leaves the view, and stays in the log', async () => {
    const expect = { status: 202, from: THERE }
    await ask({ method: 'DELETE', path: `${volumes}/${volumeThere}`, expect })
    await recorded(sandbox, [['volume.delete.end', volumeThere]])
    const { exitCode } = await sandbox.run('locate', volumeThere)
    check(exitCode === 1, `locate still finds ${volumeThere}`)
    terminal.output(`${volumeThere} is nowhere`)
  })
  await step('The log holds, and no secret is in it', async () => {
    await mixmatch('log', 'verify')
    const { stdout, exitCode } = await sandbox.run('log', 'export')
    check(exitCode === 0, 'log export failed')
    check(stdout.includes(volumeThere), 'the log does not know what was recorded')
    for (const secret of [
      token,
      'gAAAAA',
      ...Object.values(people).map(({ password }) => password),
    ])
      check(!stdout.includes(secret), 'a token or password is in the log')
    terminal.output('no token and no password in any event')
  })
}

async function logIn({ federation, proxyUrl }: Sandbox, terminal: Terminal) {
  const { name, password, project } = people.demo
  const domain = { id: 'default' }
  const url = `${federation.cloud(HERE).keystoneUrl}/auth/tokens`
  terminal.input(`POST ${url}`)
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    }),
  })
  const token = response.headers.get('X-Subject-Token')
  if (token === null) throw new Error(`Keystone answered ${response.status} without a token`)
  const body = tokenBody.parse(await response.json()).token
  for (const { type, endpoints } of body.catalog) {
    const address = endpoints[0]?.url ?? ''
    terminal.output(`${type.padEnd(14)} ${address}`)
    check(type === 'identity' || address.startsWith(proxyUrl), `the catalog has ${address}`)
  }
  return { token, project: body.project.id }
}

async function createImage(ask: Client, from: string, where: { at?: string }): Promise<string> {
  const json = { name: `from ${from}`, disk_format: 'raw', container_format: 'bare' }
  const expect = { status: 201, from }
  const path = '/image/v2/images'
  return identified.parse((await ask({ method: 'POST', path, json, ...where, expect })).json).id
}

async function upload(ask: Client, id: string, bytes: Buffer, from: string): Promise<void> {
  const path = `/image/v2/images/${id}/file`
  await ask({ method: 'PUT', path, bytes: Uint8Array.from(bytes), expect: { status: 204, from } })
}

async function createVolume(
  ask: Client,
  path: string,
  from: string,
  where: { at?: string },
): Promise<string> {
  const json = { volume: { name: `at ${from}`, size: 1 } }
  const expect = { status: 202, from }
  return withVolume.parse((await ask({ method: 'POST', path, json, ...where, expect })).json).volume
    .id
}

/** Wait until the log contains each of the events. */
async function recorded(
  { run }: Sandbox,
  wanted: readonly (readonly [eventType: string, id: string])[],
): Promise<void> {
  const missing = (events: readonly RecordedLine[]) =>
    wanted
      .find(
        ([type, id]) =>
          !events.some(event => event.event_type === type && event.resource?.id === id),
      )
      ?.join(' of ') ?? null
  await untilRecorded(run, missing, RECORDED_WITHIN_MS)
}

async function runVisibly(sandbox: Sandbox, terminal: Terminal, args: string[]): Promise<string> {
  terminal.input(`$ mixmatch ${args.join(' ')}`)
  const { stdout, stderr, exitCode } = await sandbox.run(...args)
  terminal.output((stdout + stderr).trimEnd())
  check(exitCode === 0, `mixmatch ${args.join(' ')} ended with ${exitCode}: ${stderr.trim()}`)
  return stdout
}

function ok(from: string) {
  return { status: 200, from }
}

function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
