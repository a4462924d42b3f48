import { COLOURS } from '../audit/html/cloud-colours.js'

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

/** What decides the appearance. */
interface Look {
  /** In the order of the configuration. */
  readonly clouds: readonly string[]
  /** In the order of their colours. */
  readonly coloured: readonly string[]
  readonly nameOf: Appearance['nameOf']
}

export function createAppearance({ clouds, coloured, nameOf }: Look): Appearance {
  const placeIn = (names: readonly string[], cloud: string) => {
    const place = names.indexOf(cloud)
    return place === -1 ? names.length : place
  }
  return {
    colourOf: cloud => `c${placeIn(coloured, cloud) % COLOURS}`,
    byCloud: ({ service_provider: one }, { service_provider: other }) =>
      placeIn(clouds, one) - placeIn(clouds, other) ||
      placeIn(coloured, one) - placeIn(coloured, other),
    nameOf,
  }
}
