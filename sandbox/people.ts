import { createHash } from 'node:crypto'
import type { Directory, GroupEntry, UserEntry } from './keystone/keystone-directory.js'

/** The users of the sandbox. The password of each is `<name>-secret`. */
export const people = {
  /** Member of the project `demo`; at service providers, by federation, of `demo` and `demo2`. */
  demo: { name: 'demo', password: 'demo-secret', project: 'demo' },
  /** Member of the project `alt_demo`, at each cloud. */
  altDemo: { name: 'alt_demo', password: 'alt_demo-secret', project: 'alt_demo' },
  /** Administrator of its own cloud. No service provider accepts this user by federation. */
  admin: { name: 'admin', password: 'admin-secret', project: 'admin' },
  /** The proxy's own user. Its only role is `service`. */
  mixmatch: { name: 'mixmatch', password: 'mixmatch-secret', project: 'service' },
} as const

const MEMBER = ['member', 'reader']

/** Users that every service provider rejects, whatever the identity provider asserts. */
export const REFUSED = ['admin', 'mixmatch', 'glance', 'cinder']

/** The cloud where users log in. Each of the members has a project of the same name. */
export function identityProviderDirectory(
  cloud: string,
  members: readonly string[] = [],
): Directory {
  return {
    projects: ['demo', 'alt_demo', 'admin', 'service', ...members].map(name =>
      project(cloud, name),
    ),
    users: [
      ...members.map(name =>
        user(cloud, { name, password: `${name}-secret`, project: name }, MEMBER),
      ),
      user(cloud, people.demo, MEMBER),
      user(cloud, people.altDemo, MEMBER),
      user(cloud, people.admin, ['admin', ...MEMBER]),
      user(cloud, people.mixmatch, ['service']),
    ],
  }
}

/** A service provider: its users come by federation only, so it has groups for them and no accounts. */
export function serviceProviderDirectory(
  cloud: string,
  members: readonly string[] = [],
): Directory {
  return {
    projects: ['demo', 'demo2', 'alt_demo', 'admin', ...members].map(name => project(cloud, name)),
    users: [user(cloud, people.admin, ['admin', ...MEMBER])],
    groups: [
      group(cloud, 'demo', { demo: MEMBER, demo2: MEMBER }),
      group(cloud, 'alt_demo', { alt_demo: MEMBER }),
      ...members.map(name => group(cloud, name, { [name]: MEMBER })),
    ],
  }
}

function project(cloud: string, name: string) {
  return { id: idOf(cloud, 'project', name), name }
}

function user(
  cloud: string,
  { name, password, project }: { name: string; password: string; project: string },
  roles: readonly string[],
): UserEntry {
  return { id: idOf(cloud, 'user', name), name, password, grants: { [project]: roles } }
}

function group(cloud: string, name: string, grants: GroupEntry['grants']): GroupEntry {
  return { id: idOf(cloud, 'group', name), name, grants }
}

/** 32 hex digits, the same in every run. */
function idOf(...names: string[]): string {
  return createHash('sha256').update(names.join('/')).digest('hex').slice(0, 32)
}
