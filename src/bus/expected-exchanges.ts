import type { BusStatus } from './bus.js'

/** Exchanges of which at least one must exist. */
type Alternatives = readonly string[]

/** The exchanges of services with default settings; Cinder's has either name. */
const defaults: Readonly<Record<'image' | 'volume', Alternatives>> = {
  image: ['glance'],
  volume: ['cinder', 'openstack'],
}

/**
 * The exchanges that must exist at a cloud: each of those that the operator has named. The default list
 * names all that may exist; of these, only the exchanges of the proxied services are expected.
 */
export function expectedExchanges(
  { exchanges, exchangesAreDefault }: ExchangeOptions,
  services: readonly (keyof typeof defaults)[],
): readonly Alternatives[] {
  return exchangesAreDefault
    ? services.map(service => defaults[service])
    : exchanges.map(exchange => [exchange])
}

interface ExchangeOptions {
  readonly exchanges: readonly string[]
  /** Whether the operator has named none. */
  readonly exchangesAreDefault: boolean
}

/** The expected exchanges that are missing on all buses of a cloud. */
export function missingExchanges(
  buses: readonly Pick<BusStatus, 'missing'>[],
  expected: readonly Alternatives[],
): readonly Alternatives[] {
  const isMissing = (exchange: string) => buses.every(({ missing }) => missing.includes(exchange))
  return expected.filter(alternatives => alternatives.every(isMissing))
}
