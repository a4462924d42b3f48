import { readFileSync } from 'node:fs'
import test from 'ava'
import { oldestNode, unsupportedNode } from '../src/node-version.js'

test('a Node that is too old gives a message with advice, a supported one does not', t => {
  for (const version of ['18.20.8', '20.20.2', '22.9.0', '22.22.1'])
    t.is(
      unsupportedNode(version),
      `Node ${version} is too old: Mixmatch needs Node ${oldestNode} or later; Node 24 is recommended`,
    )
  for (const version of ['22.22.2', '22.23.0', '24.0.0', '26.1.0-nightly'])
    t.is(unsupportedNode(version), null, version)
})

test('package.json states the same oldest Node as the check at start', t => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.is(engines.node, `>=${oldestNode}`)
})
