import assert from 'node:assert/strict'

// What the tests use of AVA, run in the process that loaded them: AVA starts a process for each file
// and run, which takes seconds for each of thousands of mutants.

let tests = []
let before = []
let after = []

/** Stands for the default export of AVA. */
export function test(title, body) {
  tests.push({ title, body })
}
test.serial = test
test.before = body => before.push(body)
test.after = body => after.push(body)
test.after.always = test.after

/** Loads one file of tests. @returns what it declared */
export async function loadTests(url) {
  tests = []
  before = []
  after = []
  await import(url)
  return { tests, before, after }
}

/** Runs a test or hook; throws what an assertion of it, or the code, throws. */
export async function runBody(body) {
  const teardowns = []
  try {
    await body(assertions(teardowns))
  } finally {
    for (const end of teardowns.reverse()) await end()
  }
}

function assertions(teardowns) {
  return {
    context: {},
    teardown: end => teardowns.push(end),
    timeout: () => {},
    log: () => {},
    pass: () => {},
    fail: message => assert.fail(message),
    is: (actual, expected) =>
      assert.ok(Object.is(actual, expected), `${actual} is not ${expected}`),
    not: (actual, expected) => assert.ok(!Object.is(actual, expected)),
    true: actual => assert.ok(actual === true),
    false: actual => assert.ok(actual === false),
    truthy: actual => assert.ok(actual),
    deepEqual: (actual, expected) => assert.deepEqual(actual, expected),
    notDeepEqual: (actual, expected) => assert.notDeepEqual(actual, expected),
    like: (actual, part) => assert.deepEqual(pick(actual, part), part),
    regex: (text, pattern) => assert.match(text, pattern),
    notRegex: (text, pattern) => assert.doesNotMatch(text, pattern),
    notThrows: body => void body(),
    notThrowsAsync: async body => void (await (typeof body === 'function' ? body() : body)),
    throws: (body, expected) => {
      try {
        body()
      } catch (error) {
        return checkError(error, expected)
      }
      return assert.fail('nothing was thrown')
    },
    throwsAsync: async (body, expected) => {
      try {
        await (typeof body === 'function' ? body() : body)
      } catch (error) {
        return checkError(error, expected)
      }
      return assert.fail('nothing was thrown')
    },
  }
}

/** @returns of a value what the other one also has */
function pick(actual, part) {
  if (actual === null || typeof actual !== 'object') return actual
  if (Array.isArray(part)) return Array.from(actual, (item, index) => pick(item, part[index]))
  if (part === null || Object.getPrototypeOf(part) !== Object.prototype) return actual
  return Object.fromEntries(Object.keys(part).map(key => [key, pick(actual[key], part[key])]))
}

function checkError(error, expected = {}) {
  if (expected.instanceOf) assert.ok(error instanceof expected.instanceOf, `${error}`)
  if (expected.name !== undefined) assert.equal(error.name, expected.name)
  if (expected.code !== undefined) assert.equal(error.code, expected.code)
  const { message } = expected
  if (typeof message === 'string') assert.equal(error.message, message)
  else if (typeof message === 'function') assert.ok(message(error.message))
  else if (message !== undefined) assert.match(error.message, message)
  return error
}
