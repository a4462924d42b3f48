import test from 'ava'
import { MixmatchError } from '../../src/errors.js'
import type { Project } from '../../src/identity/identity.js'
import { projectId } from '../../src/ids.js'
import { chooseProject, rejectForeignProject } from '../../src/routing/project.js'
import { alice, bob, cornmeal } from '../controls.js'

const local: Project = { id: alice, name: 'demo', domainId: 'default', domainName: 'Default' }
const demo: Project = { ...local, id: projectId('d'.repeat(32)) }
const research: Project = { ...local, id: bob, name: 'research' }
const nothing = { at: cornmeal, asked: null, owner: null, local: null }

test('the requested project has precedence over all others', t => {
  const choice = { ...nothing, asked: bob, owner: demo.id, local }
  t.is(chooseProject(choice, [demo, research]), research)
})

test('the requested project must be one of the user', t => {
  const error = t.throws(() => chooseProject({ ...nothing, asked: alice }, [demo, research]), {
    instanceOf: MixmatchError,
    code: 'NO_PROJECT_AT_SERVICE_PROVIDER',
  })
  t.regex(error.message, new RegExp(`${alice}.*demo \\(${demo.id}\\), research \\(${bob}\\)`))
})

test('the project that owns the resource is chosen', t => {
  t.is(chooseProject({ ...nothing, owner: bob, local }, [demo, research]), research)
})

test('for a resource of others, the project with the name of the local project is chosen', t => {
  const choice = { ...nothing, owner: projectId('f'.repeat(32)), local }
  t.is(chooseProject(choice, [research, demo]), demo)
})

test('the domain must have the same name if both names are known', t => {
  const elsewhere = { ...demo, domainName: 'Guests' }
  const choice = { ...nothing, local: { ...local, domainId: 'x' } }
  t.is(chooseProject(choice, [research, demo, elsewhere]), demo)
  t.throws(() => chooseProject({ ...nothing, local }, [research, elsewhere]), {
    code: 'PROJECT_AMBIGUOUS',
  })
})

test('the domain must have the same id if one name is not known', t => {
  const nameless = { ...demo, domainName: null }
  t.is(chooseProject({ ...nothing, local }, [research, nameless]), nameless)
  t.throws(
    () => chooseProject({ ...nothing, local }, [research, { ...nameless, domainId: 'guests' }]),
    { code: 'PROJECT_AMBIGUOUS' },
  )
})

test('the domain must have the same id if the name of the local domain is not known', t => {
  const unnamed = { ...local, domainName: null }
  t.is(chooseProject({ ...nothing, local: unnamed }, [research, demo]), demo)
})

test('the only project is chosen', t => {
  t.is(chooseProject({ ...nothing, owner: alice, local }, [research]), research)
  t.is(chooseProject(nothing, [research]), research)
})

test('several candidates give an error that names them', t => {
  const error = t.throws(() => chooseProject(nothing, [demo, research]), {
    instanceOf: MixmatchError,
    code: 'PROJECT_AMBIGUOUS',
  })
  t.regex(
    error.message,
    new RegExp(`MM-PROJECT-ID.*demo \\(${demo.id}\\), research \\(${bob}\\)\\.$`),
  )
})

test('a user without a project at the service provider gets an error', t => {
  for (const asked of [null, alice]) {
    t.throws(() => chooseProject({ ...nothing, asked, local }, []), {
      code: 'NO_PROJECT_AT_SERVICE_PROVIDER',
    })
  }
})

test('a path may have the local project, the one at the service provider, or none', t => {
  for (const segment of [null, alice, demo.id, 'a11ce000-0000-0000-0000-000000000001']) {
    t.notThrows(() => rejectForeignProject(segment, local, demo))
  }
})

test('a path with another project is rejected', t => {
  const error = t.throws(() => rejectForeignProject(bob, local, demo), {
    instanceOf: MixmatchError,
    code: 'BAD_REQUEST',
  })
  t.regex(error.message, new RegExp(`names project ${bob}: expected ${alice},`))
  t.throws(() => rejectForeignProject(alice, null, demo), { code: 'BAD_REQUEST' })
})

test('an error names twenty projects at most, and says how many others there are', t => {
  const many = Array.from({ length: 22 }, (_, index) => ({
    ...demo,
    id: projectId(`id-${index}`),
    name: `name-${index}`,
  }))
  const error = t.throws(() => chooseProject(nothing, many))
  t.regex(error.message, /name-19 \(id-19\), and 2 others\.$/)
  t.notRegex(error.message, /name-20/)
})

test('an error shows no token that was sent as a project, and only the beginning of a long one', t => {
  const asked = (text: string) =>
    t.throws(() => chooseProject({ ...nothing, asked: projectId(text) }, [demo])).message
  t.regex(asked('gAAAAABl0123456789ab'), /asks for \*\*\*, you have/)
  t.true(asked('x'.repeat(60_000)).length < 300)
})
