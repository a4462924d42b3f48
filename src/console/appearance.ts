/** How clouds and projects look on every page: one colour for a cloud, and names where they are known. */
export interface Appearance {
  /** The class of a cloud's colour: `c0` to `c7`. */
  readonly colourOf: (cloud: string) => string
  /** Orders by cloud, as the configuration does. */
  readonly byCloud: (one: OfCloud, other: OfCloud) => number
  /** The name of a project or user; null if it is unknown. */
  readonly nameOf: (id: string) => string | null
}

interface OfCloud {
  readonly service_provider: string
}

const COLOURS = 8

/**
 * @param clouds in the order of the configuration; clouds that are only in the log get the colours after them
 * @param nameOf the names that are known
 */
export function createAppearance(
  clouds: readonly string[],
  nameOf: Appearance['nameOf'],
): Appearance {
  const placeOf = (cloud: string) => {
    const place = clouds.indexOf(cloud)
    return place === -1 ? clouds.length + sumOf(cloud) : place
  }
  return {
    colourOf: cloud => `c${placeOf(cloud) % COLOURS}`,
    byCloud: (one, other) => placeOf(one.service_provider) - placeOf(other.service_provider),
    nameOf,
  }
}

/** The same number for the same text, in every process. */
function sumOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0)
}
