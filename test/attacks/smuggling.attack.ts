import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { startNginx } from '../bench/peers.js'
import { startAttackedProxy } from './attacked-proxy.js'
import {
  type RecordingUpstream,
  sendBytes,
  sendImagesTo,
  startRecordingUpstream,
} from './recording-upstream.js'
import { smugglingCorpus } from './smuggling-corpus.js'

/** What Mixmatch may read differently, because RFC 9112 says so. */
const accepted: readonly string[] = [
  'Transfer-Encoding with a tab after the colon: nginx refuses it',
]

/** Cases that end by silence only are silent at the same time. */
const AT_ONCE = 64

test('no bytes of the smuggling corpus reach the upstream as another request than nginx would send', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'mixmatch-nginx-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [ours, theirs] = [await startRecordingUpstream(t), await startRecordingUpstream(t)]
  const nginx = await startNginx(theirs.port, folder)
  t.teardown(() => nginx.program[Symbol.asyncDispose]())
  const { url, logIn } = await startAttackedProxy(t, { settings: sendImagesTo(ours.port) })
  const token = await logIn('demo')
  const proxyPort = Number(new URL(url).port)

  const differences: string[] = []
  let refusedByBoth = 0
  let refusedByUs = 0
  const attack = async (index: number) => {
    const each = smugglingCorpus[index]
    if (!each) return
    const id = `case${index}x`
    const probe = `GET /image/v2/images/${id}-probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Auth-Token: ${token}\r\n\r\n`
    const bytes = each.bytes(id, token) + probe
    const [answer, nginxAnswer] = await Promise.all([
      sendBytes(proxyPort, bytes),
      sendBytes(nginx.port, bytes),
    ])
    const [seen, nginxSeen] = [seenBy(ours, id), seenBy(theirs, id)]
    if (isRefused(answer)) {
      // Where the end of the refused request is clear, the connection goes on.
      const others = seen.filter(line => !line.includes(`${id}-probe`))
      t.deepEqual(others, [], `refused, but sent on: ${each.name}\n${answer}`)
      if (isRefused(nginxAnswer)) refusedByBoth += 1
      else refusedByUs += 1
      return
    }
    t.true(countAnswers(answer) >= seen.length, `an answer is missing: ${each.name}\n${answer}`)
    if (isRefused(nginxAnswer)) differences.push(`${each.name}: nginx refuses it`)
    else if (seen.some((line, place) => line !== nginxSeen[place])) {
      differences.push(`${each.name}: ${JSON.stringify(seen)}, nginx ${JSON.stringify(nginxSeen)}`)
    }
  }
  for (let index = 0; index < smugglingCorpus.length; index += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, offset) => attack(index + offset)))
  }
  t.deepEqual(differences.toSorted(), [...accepted].toSorted())
  t.deepEqual(ours.malformed, [], 'a strict upstream can read all that was sent')
  t.log(
    `${smugglingCorpus.length} cases: ${refusedByBoth} refused by both, ${refusedByUs} by Mixmatch only`,
  )
})

/** No answer at all refuses, too: nothing was forwarded. */
function isRefused(answer: string): boolean {
  return !/^HTTP\/1\.1 (?:100|2\d\d)/.test(answer)
}

function countAnswers(answer: string): number {
  return answer.match(/HTTP\/1\.1 [2-5]\d\d /g)?.length ?? 0
}

/** The requests of a case, in the order in which they came: method, path and body. */
function seenBy({ requests }: RecordingUpstream, id: string): string[] {
  return requests
    .filter(({ line }) => line.includes(id))
    .map(({ line, body }) => `${line.replace(/ HTTP.*/, '')} ${body}`)
}
