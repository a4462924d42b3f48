import test from 'ava'
import { ownEventTypes } from '../../src/event/event.js'
import { createOwnEvent } from '../../src/event/own-event.js'
import { alice, at, cornmeal, disk } from '../controls.js'

const own = {
  serviceProvider: cornmeal,
  source: 'recorder',
  eventType: ownEventTypes.busConnected,
  emittedAt: at(1),
  body: { host: '127.0.0.1:5672' },
} as const

test('the defaults of createOwnEvent are the kind noted, no resource and no exchange', t => {
  const { messageId, ...rest } = createOwnEvent(own)
  t.deepEqual(rest, {
    ...own,
    kind: 'noted',
    resource: null,
    project: null,
    parent: null,
    wire: { exchange: '', routingKey: '', envelope: 'none' },
    body: '{"host":"127.0.0.1:5672"}',
  })
  t.not(createOwnEvent(own).messageId, messageId)
})

test('createOwnEvent keeps the given fields', t => {
  const said = { messageId: 'mine', kind: 'changed', resource: disk, project: alice } as const
  const event = createOwnEvent({ ...own, ...said, exchange: 'glance', routingKey: 'image' })
  t.like(event, { ...said, wire: { exchange: 'glance', routingKey: 'image', envelope: 'none' } })
})
