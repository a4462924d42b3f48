import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import type { Cloud } from '../../sandbox/cloud.js'
import {
  type Federation,
  type FederationOptions,
  startFederation,
} from '../../sandbox/federation.js'
import { people } from '../../sandbox/people.js'

/** A miniature federation for one test, in which nothing breaks unforeseen. */
export async function startClouds(
  t: ExecutionContext,
  options: FederationOptions = {},
): Promise<Federation> {
  const broke: unknown[] = []
  const federation = await startFederation({
    jobDelayMs: 20,
    report: error => broke.push(error),
    ...options,
  })
  t.teardown(async () => {
    await federation.close()
    if (broke.length > 0) throw new AggregateError(broke, 'a miniature cloud broke')
  })
  return federation
}

export interface Said {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
  readonly json: any
  readonly text: string
  readonly bytes: Buffer
}

export interface Request {
  readonly json?: unknown
  readonly body?: RequestInit['body']
  readonly headers?: Record<string, string>
}

export interface User {
  readonly token: string
  readonly project: string
  call(method: string, url: string, request?: Request): Promise<Said>
}

/** Somebody who has logged in at a cloud. */
export async function logIn(
  cloud: Cloud,
  { name, password, project }: { name: string; password: string; project: string } = people.demo,
): Promise<User> {
  const domain = { id: 'default' }
  const login = await call('POST', `${cloud.keystoneUrl}/auth/tokens`, {
    json: {
      auth: {
        identity: { methods: ['password'], password: { user: { name, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    },
  })
  const token = login.headers.get('X-Subject-Token') ?? ''
  return {
    token,
    project: login.json.token.project.id,
    call: (method, url, request = {}) =>
      call(method, url, { ...request, headers: { 'X-Auth-Token': token, ...request.headers } }),
  }
}

export async function call(
  method: string,
  url: string,
  { json, body, headers }: Request = {},
): Promise<Said> {
  const response = await fetch(url, {
    method,
    headers: { ...(json === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  } as RequestInit)
  const bytes = Buffer.from(await response.arrayBuffer())
  const text = bytes.toString('utf8')
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
  const { status } = response
  return { status, headers: response.headers, text, bytes, json: isJson ? JSON.parse(text) : null }
}

// biome-ignore lint/suspicious/noExplicitAny: notifications of any shape
export type Published = { line: any; envelope: any; message: any }

/** The notifications that a cloud has published so far. */
export function readPublished(cloud: Cloud): Published[] {
  return readNotifications(fileURLToPath(cloud.messagebus))
}

export function readNotifications(file: string): Published[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(text => text !== '')
    .map(text => {
      const line = JSON.parse(text)
      const envelope = JSON.parse(line.body)
      return { line, envelope, message: JSON.parse(envelope['oslo.message']) }
    })
}

export function publishedTypes(cloud: Cloud): string[] {
  return readPublished(cloud).map(({ message }) => message.event_type)
}
