import { readFileSync } from 'node:fs'
import test from 'ava'
import { validate } from 'dockerfile-utils'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
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

test('the labels of the image have the version of package.json, and the names that OCI defines', t => {
  t.is(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1], version)
  const labels = [...dockerfile.matchAll(/org\.opencontainers\.image\.([\w.]+)=/g)]
  t.deepEqual(
    labels.map(([, name]) => name),
    ['title', 'description', 'licenses', 'version', 'revision', 'base.name'],
  )
})

test('every stage of the image begins with the same base, which a build argument can pin', t => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base)
  t.is(bases.length, 2)
  t.true(bases.every(base => /^\$\{BASE\}$/.test(base)))
})
