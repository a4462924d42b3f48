import test from 'ava'
import { position } from '../../src/ids.js'
import { type Decision, describeDecision, type SingleCloud } from '../../src/routing/decision.js'
import { cornmeal, disk, idp, image } from '../controls.js'

const one: SingleCloud = {
  kind: 'one',
  to: cornmeal,
  because: 'located',
  resource: image,
  owner: null,
  restsOn: position(4182),
}
const resting = { ...one, resource: null, restsOn: null }

for (const [decision, sentence] of [
  [one, `located: cornmeal holds image ${image.id}, says event 4182`],
  [
    { ...one, because: 'conflict' },
    `conflict: several clouds hold image ${image.id}, and cornmeal is preferred, says event 4182`,
  ],
  [
    { ...one, because: 'referred' },
    `referred: the body refers to image ${image.id}, which cornmeal holds, says event 4182`,
  ],
  [{ ...resting, because: 'asked' }, 'asked: MM-SERVICE-PROVIDER asks for cornmeal'],
  [{ ...resting, because: 'named' }, 'named: the new name ends in @cornmeal'],
  [{ ...resting, because: 'list' }, 'list: cornmeal is the only cloud to list'],
  [
    { ...resting, because: 'local' },
    'local: every cloud has its own of this, and it goes to cornmeal',
  ],
  [{ ...resting, because: 'default' }, 'default: nothing says otherwise, so it goes to cornmeal'],
  [
    {
      kind: 'search',
      among: [idp, cornmeal],
      because: 'unknown',
      resource: disk,
      readOnly: true,
    },
    `unknown: nothing tells where volume ${disk.id} lives: default, cornmeal are asked in turn`,
  ],
  [
    {
      kind: 'search',
      among: [idp, cornmeal],
      because: 'unknown',
      resource: disk,
      readOnly: false,
    },
    `unknown: nothing tells where volume ${disk.id} lives: it is looked for at default, cornmeal, then the request is sent once`,
  ],
  [
    {
      kind: 'aggregate',
      among: [idp, cornmeal],
      because: 'list',
      form: 'list',
      envelope: 'volumes',
    },
    'list: volumes of default, cornmeal are merged',
  ],
  [
    { kind: 'aggregate', among: [idp, cornmeal], because: 'list', form: 'sum' },
    'list: what default, cornmeal sum up is added up',
  ],
  [
    { kind: 'aggregate', among: [idp, cornmeal], because: 'versions', form: 'versions' },
    'versions: default, cornmeal are told of together',
  ],
] satisfies readonly [Decision, string][]) {
  test(sentence, t => {
    t.is(describeDecision(decision), sentence)
  })
}
