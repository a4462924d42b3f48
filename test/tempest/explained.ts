/**
 * The tests that `docs/tempest.md` explains in one of its sections: an item of a list that begins
 * with the name of a test, in backticks.
 *
 * @throws where there is no such section
 */
export function explainedIn(guide: string, heading: string): ReadonlySet<string> {
  const sections = guide.split(/^(?=#+ )/m)
  const section = sections.find(text => text.replace(/^#+ /, '').split('\n')[0] === heading)
  if (section === undefined) throw new Error(`docs/tempest.md has no section '${heading}'`)
  return new Set([...section.matchAll(/^- `(\S+)`/gm)].map(([, test = '']) => test))
}
