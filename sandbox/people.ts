import { createHash } from 'node:crypto'
import type { Directory, GroupEntry, UserEntry } from './keystone/keystone-directory.js'

/** Who the users of the sandbox are; the password of each is `<name>-secret`. */
export const people = {
  /** Member of the project `demo`, and by federation of `demo` and `demo2` elsewhere. */
  demo: { name: 'demo', password: 'demo-secret', project: 'demo' },
  /** Member of the project `alt_demo`, here and elsewhere. */
  altDemo: { name: 'alt_demo', password: 'alt_demo-secret', project: 'alt_demo' },
  /** Administrator of one cloud: admitted nowhere else. */
  admin: { name: 'admin', password: 'admin-secret', project: 'admin' },
  /** The proxy's own, with nothing but the role `service`. */
  mixmatch: { name: 'mixmatch', password: 'mixmatch-secret', project: 'service' },
} as const

const MEMBER = ['member', 'reader']

/** Users whom no service provider admits, whatever the identity provider asserts. */
export const REFUSED = ['admin', 'mixmatch', 'glance', 'cinder']

/** The cloud where users log in. */
export function identityProviderDirectory(cloud: string): Directory {
  return {
    projects: ['demo', 'alt_demo', 'admin', 'service'].map(name => project(cloud, name)),
    users: [
      user(cloud, people.demo, MEMBER),
      user(cloud, people.altDemo, MEMBER),
      user(cloud, people.admin, ['admin', ...MEMBER]),
      user(cloud, people.mixmatch, ['service']),
    ],
  }
}

/** A cloud that users reach by federation alone: all it has of them is groups. */
export function serviceProviderDirectory(cloud: string): Directory {
  return {
    projects: ['demo', 'demo2', 'alt_demo', 'admin'].map(name => project(cloud, name)),
    users: [user(cloud, people.admin, ['admin', ...MEMBER])],
    groups: [
      group(cloud, 'demo', { demo: MEMBER, demo2: MEMBER }),
      group(cloud, 'alt_demo', { alt_demo: MEMBER }),
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
