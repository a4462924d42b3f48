import { MixmatchError } from '../errors.js'
import type { Project } from '../identity/identity.js'
import { type ProjectId, projectId, type SpName } from '../ids.js'
import { redactedExcerpt } from '../redaction.js'

/** What decides the project of a request at a service provider. */
export interface ProjectChoice {
  readonly at: SpName
  /** MM-PROJECT-ID. */
  readonly asked: ProjectId | null
  /** The project of the located resource there. */
  readonly owner: ProjectId | null
  /** The caller's project at the identity provider; null for a token without one. */
  readonly local: Project | null
}

/**
 * Choose one of the user's projects at a service provider: the requested one; else that of the resource,
 * if the user has it (a public image belongs to others); else the one with the domain and name of the
 * user's project at the identity provider; else the only one.
 *
 * @throws NO_PROJECT_AT_SERVICE_PROVIDER if the user has none there, or not the requested one
 * @throws PROJECT_AMBIGUOUS if there are several candidates; the message names them
 */
export function chooseProject(choice: ProjectChoice, projects: readonly Project[]): Project {
  const { at, asked, owner, local } = choice
  if (projects.length === 0) throw noProjectError(at, 'you have no project there')
  const withId = (id: ProjectId) => projects.find(project => project.id === id)

  if (asked !== null) {
    const project = withId(asked)
    if (project) return project
    throw noProjectError(
      at,
      `MM-PROJECT-ID asks for ${redactedExcerpt(asked, MAX_SHOWN)}, you have ${listNames(projects)}`,
    )
  }
  const [first, second] = projects
  const chosen =
    (owner !== null && withId(owner)) ||
    (local && projects.find(project => hasSameName(project, local))) ||
    (!second && first)
  if (chosen) return chosen
  throw new MixmatchError(
    'PROJECT_AMBIGUOUS',
    `You have several projects at "${at}", and nothing tells which to act in. ` +
      `Send MM-PROJECT-ID with one of: ${listNames(projects)}.`,
  )
}

/**
 * Reject a path with another project than that of the request, like Cinder. At a service provider the
 * proxy replaces the segment, so Cinder there cannot notice the difference.
 *
 * @throws BAD_REQUEST
 */
export function rejectForeignProject(
  segment: string | null,
  local: Project | null,
  chosen: Project,
): void {
  if (segment === null) return
  const named = projectId(segment)
  if (named === local?.id || named === chosen.id) return
  throw new MixmatchError(
    'BAD_REQUEST',
    `The request path names project ${redactedExcerpt(segment, MAX_SHOWN)}: expected ${local?.id ?? chosen.id}, which the token is for.`,
  )
}

/** Domain ids differ between clouds, except `default`. So the names are compared, if both are known. */
function hasSameName(project: Project, local: Project): boolean {
  if (project.name !== local.name) return false
  return project.domainName !== null && local.domainName !== null
    ? project.domainName === local.domainName
    : project.domainId === local.domainId
}

function noProjectError(at: SpName, why: string): MixmatchError {
  return new MixmatchError(
    'NO_PROJECT_AT_SERVICE_PROVIDER',
    `The request cannot act at "${at}": ${why}.`,
  )
}

/** How much of a text from a client an error shows. */
const MAX_SHOWN = 64
/** More would not help anybody, and a service provider could list any number. */
const MAX_LISTED = 20

/** `demo (5e0f…), research (77aa…)`. */
function listNames(projects: readonly Project[]): string {
  const names = projects.slice(0, MAX_LISTED).map(({ id, name }) => `${name} (${id})`)
  const others = projects.length - names.length
  return [...names, ...(others > 0 ? [`and ${others} others`] : [])].join(', ')
}
