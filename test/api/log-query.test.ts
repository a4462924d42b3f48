import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { openLogReader } from '../../src/log/open-log.js'
import { noteVerification } from '../../src/log/verification-note.js'
import { verifyLog } from '../../src/log/verify.js'
import { cornmeal, event, folder, millet } from '../controls.js'
import { aliceReads, given } from './asking.js'

test('the query of the log has its last verification and its last noted head', async t => {
  const anchors = join(folder(t), 'anchors.ndjson')
  const ask = given(t, [event(), event()], { anchors })
  t.like(await ask('log', {}), { verified: null, anchored: null })

  using log = openLogReader(ask.logFile)
  noteVerification(ask.logFile, verifyLog(log))
  const { hash } = log.head()
  appendFileSync(anchors, `${'0'.repeat(100_000)}\n1 ${'a'.repeat(64)}\n`)
  appendFileSync(anchors, `${JSON.stringify({ position: 2, hash, anchored_at: '2026-11-28' })}\n`)
  const { verified, anchored } = await ask('log', {})
  t.like(verified, { events: 2, head: hash, breaches: 0 })
  t.regex(verified?.verified_at ?? '', /^20\d\d-.*Z$/)
  t.deepEqual(anchored, { position: 2, hash, anchored_at: '2026-11-28', holds: true })

  appendFileSync(anchors, `9 ${hash}\n`)
  t.like((await ask('log', {})).anchored, { position: 9, anchored_at: null, holds: false })
})

test('a reader may not see the log as a whole', async t => {
  const ask = given(t, [event()])
  const error = await t.throwsAsync(ask('log', {}, aliceReads), { code: 'FORBIDDEN' })
  t.regex(error?.message ?? '', /admin_roles/)
})

test('the query of the log lists the clouds in the order of their first events', async t => {
  const ask = given(t, [
    event({ serviceProvider: millet }),
    event({ serviceProvider: cornmeal }),
    event({ serviceProvider: millet }),
  ])
  t.deepEqual((await ask('log', {})).clouds, ['millet', 'cornmeal'])
})
