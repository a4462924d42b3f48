import type { BusStatus } from './bus.js'

/** Exchanges of which at least one has to be there. */
export type Alternatives = readonly string[]

/** Where services publish that nobody has configured: Cinder's exchange is called either. */
const usual: Readonly<Record<'image' | 'volume', Alternatives>> = {
  image: ['glance'],
  volume: ['cinder', 'openstack'],
}

/**
 * What has to be heard of a cloud. Exchanges that an operator has named are expected one by one. Of
 * the default list, which names whatever may be there, only those are of the services of the cloud.
 */
export function expectedExchanges(
  { exchanges, exchangesAreDefault }: ExchangeOptions,
  services: readonly (keyof typeof usual)[],
): readonly Alternatives[] {
  return exchangesAreDefault
    ? services.map(service => usual[service])
    : exchanges.map(exchange => [exchange])
}

export interface ExchangeOptions {
  readonly exchanges: readonly string[]
  /** Whether nobody has named them. */
  readonly exchangesAreDefault: boolean
}

/** Which of the expected exchanges are missing on every bus of a cloud. */
export function missingExchanges(
  buses: readonly Pick<BusStatus, 'missing'>[],
  expected: readonly Alternatives[],
): readonly Alternatives[] {
  const isMissing = (exchange: string) => buses.every(({ missing }) => missing.includes(exchange))
  return expected.filter(alternatives => alternatives.every(isMissing))
}
