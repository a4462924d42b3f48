import test from 'ava'
import fc from 'fast-check'
import { MixmatchError } from '../../src/errors.js'
import { type ParsedPath, parsePath } from '../../src/routing/path.js'
import { parsePlainPath } from '../../src/routing/plain-path.js'
import { services } from '../../src/service/services.js'
import { disk, image } from '../controls.js'

const project = 'a11ce000000000000000000000000001'

function spelled({ service, version, projectSegment, rest, query }: ParsedPath): string {
  const below = [version, projectSegment].filter(segment => segment !== null)
  return `/${[service, ...below].join('/')}${rest}${query}`
}

for (const target of [
  '/image',
  '/image/',
  '/image/versions',
  '/image/v2',
  '/image/v2/',
  '/image/v2.17/',
  '/volume',
  '/volume/',
  '/volume/v3',
  '/volume/v3/',
  '/volume/v10',
]) {
  test(`${target} is version discovery`, t => {
    t.deepEqual(parsePath(target).target, { kind: 'discovery' })
  })
}

for (const [path, type, id] of [
  [`/image/v2/images/${image.id}`, 'image', image.id],
  [`/image/v2/images/${image.id}/file`, 'image', image.id],
  [`/image/v2/stores/fast/${image.id}`, 'image', image.id],
  [`/image/v2/cache/${image.id}`, 'image', image.id],
  [`/image/v2/tasks/${image.id}`, 'task', image.id],
  [`/volume/v3/${project}/volumes/${disk.id}/action`, 'volume', disk.id],
  [`/volume/v3/${project}/os-volume-transfer/${disk.id}/accept`, 'transfer', disk.id],
  [`/volume/v3/volume-transfers/${disk.id}`, 'transfer', disk.id],
  [`/volume/v3/${project}/consistencygroups/${disk.id}/update`, 'group', disk.id],
  [`/volume/v3/${project}/cgsnapshots/${disk.id}`, 'group_snapshot', disk.id],
  [`/volume/v3/${project}/attachments/${disk.id}`, 'attachment', disk.id],
] as const) {
  test(`${path} refers to one ${type}`, t => {
    const { target } = parsePath(path)
    t.like(target, { kind: 'resource', type, id })
  })
}

for (const [path, word] of [
  [`/volume/v3/${project}/volumes`, null],
  [`/volume/v3/${project}/volumes/detail`, 'detail'],
  [`/volume/v3/${project}/volumes/summary`, 'summary'],
  [`/volume/v3/${project}/groups/action`, 'action'],
  [`/volume/v3/${project}/backups/import_record`, 'import_record'],
  ['/image/v2/images?limit=2', null],
] as const) {
  test(`${path} refers to the collection, not to a resource with such an id`, t => {
    t.like(parsePath(path).target, { kind: 'collection', word })
  })
}

for (const path of [
  `/volume/v3/${project}/types/${disk.id}`,
  `/volume/v3/${project}/os-quota-sets/${project}`,
  `/volume/v3/${project}/os-something-new/${disk.id}`,
  `/volume/v3/${project}/manageable_volumes/detail`,
  `/volume/v3/${project}`,
  `/volume/v3/${project}/constructor/${disk.id}`,
  '/image/v2/schemas/image',
  '/image/v2/metadefs/namespaces/OS::Compute/properties/a%20b',
  '/image/v2/metadefs/namespaces/%C3%A9%E0%A4%95%F0%9F%98%80',
  '/image/v2/stores/fast',
]) {
  test(`${path} exists separately in every cloud`, t => {
    t.deepEqual(parsePath(path).target, { kind: 'local' })
  })
}

// Tempest: test_get_volume_without_passing_volume_id
for (const rest of ['/volumes/', '/volumes/detail/', '/volumes/summary/', '/snapshots/']) {
  test(`${rest} with a slash at the end is not a list, because Cinder responds with 404`, t => {
    t.deepEqual(parsePath(`/volume/v3/${project}${rest}`).target, { kind: 'local' })
  })
}

test('an id is the same in any spelling, and is forwarded unchanged', t => {
  const bare = disk.id.replaceAll('-', '').toUpperCase()
  const { target, rest } = parsePath(`/volume/v3/${project}/volumes/${bare}`)
  t.like(target, { id: disk.id })
  t.is(rest, `/volumes/${bare}`)
})

for (const [path, segment] of [
  [`/volume/v3/${project}/volumes`, project],
  [`/volume/v3/${project}/os-something-new`, project],
  ['/volume/v3/7-4/volumes', '7-4'],
  ['/volume/v3/team_blue/volumes/detail', 'team_blue'],
  [`/volume/v3/volumes/${disk.id}`, null],
  ['/volume/v3/types', null],
  ['/volume/v3/os-something-new/5', null],
  ['/volume/v3/os-new-type/5', null],
  ['/volume/v3/backup_types/5', null],
] as const) {
  test(`the project in ${path} is ${segment ?? 'absent'}`, t => {
    t.is(parsePath(path).projectSegment, segment)
  })
}

test('Glance has no project in its paths', t => {
  t.like(parsePath(`/image/v2/${project}/images`), { projectSegment: null, collection: project })
})

test('a name in the place of an id is accepted, because clients first look up names', t => {
  const { target } = parsePath('/image/v2/images/cirros%200.6@sp1')
  t.like(target, { kind: 'resource', id: 'cirros%200.6@sp1' })
})

for (const name of ['%D0%80', '\u00e0\u00a4\u0085', '%F0%9F%98%80', '\u00f0\u009f\u0098\u0080']) {
  test(`${JSON.stringify(name)} is UTF-8 in its shortest form and is accepted`, t => {
    t.like(parsePath(`/image/v2/images/${name}`).target, { kind: 'resource', id: name })
  })
}

test('.json within a name does not make it a word of the collection', t => {
  const { target } = parsePath(`/volume/v3/${project}/volumes/det.jsonail`)
  t.like(target, { kind: 'resource', id: 'det.jsonail' })
})

test('an error about a path shows at most 200 characters of it', t => {
  const error = t.throws(() => parsePath(`/image/v2/images/../${'x'.repeat(5000)}`))
  t.true(error.message.length < 300, error.message)
})

for (const [target, expected, found] of [
  ['/image/v2/../v2/images', 'no dot segment', '/image/v2/../v2/images'],
  ['/image/v2/images;x', 'letters, digits and hyphens as they are', 'images;x'],
  [`/image/v2/images/${image.id}%20`, `"${image.id}" as it is`, `${image.id}%20`],
  ['/image/v2/stores//x', 'no empty segment before the id', '//'],
] as const) {
  test(`the error about ${target} says what was expected and what was found`, t => {
    const error = t.throws(() => parsePath(target))
    t.true(error.message.endsWith(`expected ${expected}, got "${found}".`), error.message)
  })
}

test('the path below the id stays unchanged', t => {
  const rest = `/images/${image.id}/tags/a%3Fb//c;d`
  t.is(parsePath(`/image/v2${rest}?x=%2F..`).rest, rest)
})

for (const target of [
  `http://proxy/image/v2/images/${image.id}`,
  '*',
  '',
  '//image/v2/images',
  '/image//v2/images',
  '/image/v2//images',
  `/image/v2/images//${image.id}`,
  `/image/v2/stores//${image.id}`,
  `/volume/v3//volumes/${disk.id}`,
  `/volume/v3/${project}//volumes/${disk.id}`,
  '/image/v2/../v2/images',
  `/image/v2/images/${image.id}/..`,
  `/image/v2/images/${image.id}/%2e%2E/x`,
  `/image/v2/images/${image.id}/.%2e/x`,
  '/image/v2/./images',
  `/image/v2/images%2F${image.id}`,
  `/image/v2/images%5c${image.id}`,
  `/image/v2/images\\${image.id}`,
  `/image/v2/images/${image.id}/tags/a%00`,
  `/image/v2/images/${image.id}/tags/a%0d%0aX-Roles:admin`,
  `/image/v2/images/${image.id}/tags/a b`,
  `/image/v2/images/${image.id}/tags/a\n`,
  `/image/v2/images/${image.id}#x`,
  `/image/v2/images?x=1#y`,
  `/image/v2/images/${image.id}/tags/%c0%ae%C0%AF`,
  `/image/v2/images/${image.id}/tags/%e0%80%ae`,
  `/image/v2/images/${image.id}/tags/%F0%80%80%AE`,
  `/image/v2/images/${image.id}/tags/\u00c0\u00ae`,
  `/image/v2/images/${image.id}/tags/\u00e0\u0080\u00ae`,
  `/image/v2/images/${image.id}/tags/\u00f0\u0080\u0080\u00ae`,
  `/image/v2/images/${image.id}/tags/%zz`,
  `/image/v2/images/${image.id}/tags/%2`,
  `/image/v2/%69mages/${image.id}`,
  `/image/v2/images.json`,
  `/image/v2/images;x/${image.id}`,
  `/image/v2/images/%32${image.id.slice(1)}`,
  `/image/v2/images/${image.id}%20`,
  `/volume/v3/${project}/volumes/${disk.id}.json`,
  `/volume/v3/${project}/volumes/detai%6c`,
  `/volume/v3/a%20b/volumes/${disk.id}`,
]) {
  test(`${JSON.stringify(target)} could be read in two ways and is rejected`, t => {
    t.throws(() => parsePath(target), { instanceOf: MixmatchError, code: 'NON_CANONICAL_PATH' })
    t.is(parsePlainPath(target), null)
  })
}

for (const target of [
  '/',
  '/network/v2.0/networks',
  '/Image/v2',
  '/image/latest',
  '/volume/v3x',
  '/volume/xv3',
]) {
  test(`nothing is served at ${target}`, t => {
    t.throws(() => parsePath(target), { instanceOf: MixmatchError, code: 'NOT_FOUND' })
  })
}

test('the error about a path that is not served says which paths are', t => {
  const messageOf = (target: string) => t.throws(() => parsePath(target)).message
  t.regex(messageOf('/network/v2.0'), /begins with \/image or \/volume, got "\/network"/)
  t.regex(messageOf('/image/latest'), /a version such as v3 after the service, got "latest"/)
})

/** Targets made of valid and invalid pieces in any order. */
const targets = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['image', 'volume', 'v2', 'v3', 'versions', project, 'volumes', 'images', 'stores'],
        ...['detail', 'action', 'types', disk.id, image.id.toUpperCase(), '', '.', '..', '%2e%2e'],
        ...['a%2Fb', 'a%3Fb', '%', '%76olumes', 'x;y', 'a\\b', '\u00e9', 'cirros'],
      ),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 9 },
  )
  .chain(segments =>
    fc
      .tuple(fc.constantFrom('image', 'volume'), fc.constantFrom('v2', 'v3'), fc.string())
      .map(([service, version, query]) => [
        `/${segments.join('/')}?${query}`,
        `/${[service, version, ...segments].join('/')}`,
        `/${[service, version, ...segments].join('/')}?${query}`,
      ]),
  )

function accepted(target: string): ParsedPath | null {
  try {
    return parsePath(target)
  } catch (error) {
    if (error instanceof MixmatchError) return null
    throw error
  }
}

test('an accepted path keeps every byte', t => {
  let count = 0
  fc.assert(
    fc.property(targets, examples => {
      for (const target of examples) {
        const path = accepted(target)
        if (path) {
          count += 1
          t.is(spelled(path), target)
        }
      }
    }),
    { numRuns: 1000 },
  )
  t.true(count > 100)
})

test('no accepted path has a dot segment or another slash after decoding', t => {
  let count = 0
  fc.assert(
    fc.property(targets, examples => {
      for (const target of examples.filter(accepted)) {
        count += 1
        const raw = target.split('?')[0] ?? ''
        const decoded = unescape(raw)
        t.is(decoded.split(/[/\\]/).length, raw.split('/').length)
        t.false(decoded.split('/').some(segment => segment === '.' || segment === '..'))
      }
    }),
    { numRuns: 1000 },
  )
  t.true(count > 100)
})

for (const target of [
  `/image/v2/images/${image.id}`,
  `/image/v2/images/${image.id}/file`,
  `/volume/v3/volumes/${disk.id}`,
  `/volume/v3/${project}/volumes/${disk.id}/action`,
]) {
  test(`${target}, as most requests have it, is parsed as a plain path`, t => {
    t.deepEqual(parsePlainPath(target), parsePath(target))
  })
}

test('a plain path is parsed like any other path', t => {
  let plain = 0
  const check = (target: string) => {
    const parsed = parsePlainPath(target)
    if (parsed === null) return
    plain += 1
    t.deepEqual(parsed, accepted(target))
  }
  const segment = fc.constantFrom(
    ...[
      'image',
      'volume',
      'network',
      'v2',
      'v3',
      'v2.17',
      project,
      disk.id,
      image.id.toUpperCase(),
    ],
    ...[
      'images',
      'volumes',
      'stores',
      'types',
      'os-volume-transfer',
      'detail',
      'file',
      'constructor',
    ],
    ...['', '.', 'a%2Fb'],
  )
  const versions = fc.constantFrom('v1', 'v2', 'v3', 'v2.17')
  const collections = fc.constantFrom(
    ...Object.values(services).flatMap(({ collections }) => Object.keys(collections)),
  )
  const likely = fc.tuple(
    fc.constantFrom('image', 'volume', 'network'),
    versions,
    fc.option(fc.constantFrom(project, 'team', 'volumes')),
    fc.oneof(collections, segment),
    fc.constantFrom<string>(disk.id, image.id, disk.id, image.id.toUpperCase(), 'detail'),
    fc.oneof(fc.constantFrom(null, 'action'), segment),
    fc.constantFrom('', '', '', '/', '?x', '\n'),
  )
  fc.assert(
    fc.property(likely, ([service, version, own, collection, id, tail, end]) => {
      const segments = [service, version, own, collection, id, tail].filter(part => part !== null)
      check(`/${segments.join('/')}${end}`)
    }),
    { numRuns: 10_000 },
  )
  fc.assert(fc.property(targets, ([...made]) => made.forEach(check)))
  t.true(plain > 20)
})
