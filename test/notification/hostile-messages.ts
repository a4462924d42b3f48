import { createNotificationEvent } from '../../src/notification/notification-event.js'
import type { Growing } from '../growth.js'
import { delivery, message } from './fixtures.js'

/** Messages that try to take a long time. Each can have any size. */
export const hostileMessages: readonly Growing<Buffer>[] = Object.entries({
  'many secrets': size => withPayload(entries(size, 20, index => [`password${index}`, 'x'])),
  'many tokens in a list': size => withPayload(listOf(size / 24, 'gAAAAABl0123456789abc')),
  'many secrets in the context': size =>
    Buffer.from(
      JSON.stringify(
        message(
          'x',
          {},
          entries(size, 24, index => [`_context_token${index}`, 'x']),
        ),
      ),
    ),
  'many secrets under a long key': size =>
    withPayload({
      ['k'.repeat(size / 2)]: entries(size / 2, 20, index => [`password${index}`, 'x']),
    }),
  'many pairs of key and value': size =>
    withPayload(listOf(size / 30, { key: 'password', value: 1 })),
  'many empty objects': size => withPayload(listOf(size / 3, {})),
  'deep objects': size => raw('{"a":'.repeat(size / 6), '1', '}'.repeat(size / 6)),
  'deep arrays': size => raw('['.repeat(size / 2), '', ']'.repeat(size / 2)),
  'long numbers': size => raw('[', `${'12345678901234567890,'.repeat(size / 21)}1`, ']'),
  'constants of Python': size => raw('[', `${'NaN,'.repeat(size / 4)}1`, ']'),
  'quotes that are never closed': size => raw('[NaN, "', String.raw`\"`.repeat(size / 2), ''),
  'one long string': size => withPayload('x'.repeat(size)),
  'no JSON at all': size => Buffer.from('{"password": "'.repeat(size / 14)),
  'JSON within JSON': size =>
    withPayload(JSON.stringify(entries(size, 24, index => [`password${index}`, 'x']))),
  ...Object.fromEntries(
    [
      'key=',
      'key:        ',
      `pass='`,
      'pass\\',
      'key=\\',
      '\\"',
      `key***',`,
      'key=[',
      'key={***',
      '://a:',
      '://a:@',
      'eyJ',
      'eyJ0123456789=.',
      'gAAAAA0123456789a%3D',
      'key:bearer ',
      'key:null',
      'a.',
    ].map(part => [
      `text of ${part}`,
      (size: number) => withPayload(`key ${part.repeat(size / part.length)}`),
    ]),
  ),
} satisfies Record<string, (size: number) => Buffer>).map(([name, make]) => ({
  name,
  make,
  run: body => createNotificationEvent(delivery(body)),
}))

function withPayload(payload: unknown): Buffer {
  return Buffer.from(JSON.stringify(message('volume.create.end', payload)))
}

function raw(...parts: readonly string[]): Buffer {
  return Buffer.from(`{"event_type": "volume.create.end", "payload": ${parts.join('')}}`)
}

function listOf(length: number, item: unknown): readonly unknown[] {
  return Array.from({ length }, () => item)
}

function entries(size: number, each: number, entry: (index: number) => [string, unknown]): object {
  return Object.fromEntries(Array.from({ length: size / each }, (_, index) => entry(index)))
}
