import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { createViewReader } from '../../src/projection/view-reader.js'
import { disk, folder, image } from '../controls.js'

/** A database with one number, a connection that writes it, and a reader that counts its queries. */
function open(t: ExecutionContext, capacity?: number) {
  const file = join(folder(t), 'views.db')
  const writer = new Database(file)
  writer.pragma('journal_mode = wal')
  writer.exec('create table numbers (number integer); insert into numbers values (1)')
  const db = new Database(file, { readonly: true })
  t.teardown(() => {
    db.close()
    writer.close()
  })
  const query = db.prepare<[], number>('select number from numbers').pluck()
  let queries = 0
  const look = createViewReader(db, capacity).remember(() => {
    queries += 1
    return query.get()
  })
  return {
    db,
    lookUp: (resource = disk) => look(resource.type, resource.id),
    write: (number: number) => writer.prepare('update numbers set number = ?').run(number),
    queries: () => queries,
  }
}

test('a look-up in the views is remembered until another process commits', async t => {
  const { lookUp, write, queries } = open(t)
  t.is(lookUp(), 1)
  await nextTurn()
  t.is(lookUp(), 1)
  t.is(queries(), 1)
  write(2)
  await nextTurn()
  t.is(lookUp(), 2)
  t.is(queries(), 2)
})

test('all look-ups in one turn of the event loop see the same state of the views', async t => {
  const { lookUp, write } = open(t)
  t.is(lookUp(disk), 1)
  write(2)
  t.is(lookUp(image), 1)
  await nextTurn()
  t.deepEqual([lookUp(disk), lookUp(image)], [2, 2])
})

test('between two turns no read transaction keeps the write-ahead log of the views from being reset', async t => {
  const { db, lookUp } = open(t)
  lookUp()
  t.true(db.inTransaction)
  await nextTurn()
  t.false(db.inTransaction)
})

test('the remembered look-ups in the views are limited in number', async t => {
  const { lookUp, queries } = open(t, 1)
  lookUp(disk)
  lookUp(image)
  lookUp(image)
  t.is(queries(), 2)
  lookUp(disk)
  t.is(queries(), 3)
})

test('views can be closed in the turn in which they were read', async t => {
  const { db, lookUp } = open(t)
  lookUp()
  db.close()
  await nextTurn()
  t.throws(() => lookUp(), { message: /not open/ })
})
