import test from 'ava'
import {
  createVersionDocuments,
  parseVersions,
  type VersionDocument,
} from '../../../src/aggregate/versions/version-documents.js'
import { cornmeal, idp } from '../../controls.js'

const inquirer = { requester: { token: null, caller: null, isService: false }, visited: [] }
const document = (id: string): VersionDocument => ({
  status: 300,
  versions: [{ id, status: 'CURRENT', links: [] }],
})

function asked(answers: (VersionDocument | null)[]) {
  let now = 0
  let count = 0
  const documents = createVersionDocuments(
    async () => {
      count += 1
      return answers.shift() ?? null
    },
    () => now,
  )
  return {
    of: (service: 'image' | 'volume' = 'image', cloud = idp) =>
      documents.of(service, cloud, inquirer),
    pass(ms: number) {
      now += ms
    },
    count: () => count,
  }
}

test('a version document is fetched once a minute', async t => {
  const { of, pass, count } = asked([document('v1'), document('v2')])
  t.deepEqual(await Promise.all([of(), of()]), [document('v1'), document('v1')])
  pass(59_999)
  t.deepEqual(await of(), document('v1'))
  t.is(count(), 1)
  pass(1)
  t.deepEqual(await of(), document('v2'))
})

test('version documents are cached for each service and cloud', async t => {
  const { of } = asked([document('v1'), document('v2'), document('v3')])
  t.deepEqual(
    [await of('image'), await of('volume'), await of('image', cornmeal)],
    [document('v1'), document('v2'), document('v3')],
  )
})

test('while a cloud is down its last version document is used, and it is asked again soon', async t => {
  const { of, pass, count } = asked([document('v1'), null, null, document('v2')])
  await of()
  pass(60_000)
  t.deepEqual(await of(), document('v1'))
  pass(9_999)
  t.deepEqual(await of(), document('v1'))
  t.is(count(), 2)
  pass(1)
  t.deepEqual(await of(), document('v1'))
  pass(10_000)
  t.deepEqual(await of(), document('v2'))
})

test('another JSON document is not a version document', t => {
  const parse = (text: string) => parseVersions({ status: 200, headers: [], text })
  t.is(parse('<html>'), null)
  t.is(parse('{"versions":[{"id":2}]}'), null)
  t.deepEqual(parse('{"versions":[{"id":"v2","status":"CURRENT","x":1}]}'), {
    status: 200,
    versions: [{ id: 'v2', status: 'CURRENT', links: [], x: 1 }],
  })
})
