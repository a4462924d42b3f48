/** The oldest Node that our dependencies support; the same as `engines` in package.json. */
export const oldestNode = '22.22.2'

/**
 * Native modules crash the process on a Node that they were not built for, so the version is checked
 * before they are loaded.
 *
 * @param version as in `process.versions.node`
 * @returns what is wrong and what to do, or null if this Node is supported
 */
export function unsupportedNode(version: string): string | null {
  if (compareVersions(version, oldestNode) >= 0) return null
  return `Node ${version} is too old: Mixmatch needs Node ${oldestNode} or later; Node 24 is recommended`
}

function compareVersions(left: string, right: string): number {
  const numbers = right.split('.').map(Number)
  const differences = left
    .split('.')
    .map((part, index) => Number.parseInt(part, 10) - (numbers[index] ?? 0))
  return differences.find(difference => difference !== 0) ?? 0
}
