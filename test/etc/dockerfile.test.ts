import { readFileSync } from 'node:fs'
import test from 'ava'
import { validate } from 'dockerfile-utils'

const dockerfile = readFileSync('Dockerfile', 'utf8')

test('a linter finds nothing wrong with the Dockerfile', t => {
  const found = validate(dockerfile)
  t.deepEqual(
    found.map(({ range, message }) => `${range.start.line + 1}: ${message}`),
    [],
  )
})

test('the linter sees what is wrong, each at its line', t => {
  const wrong = dockerfile.replace('EXPOSE 5001', 'EXPOSE here').replace('ENV NODE_ENV=', 'EVN ')
  const messages = validate(wrong).map(({ message }) => message)
  t.is(messages.length, 2)
})
