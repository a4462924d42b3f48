import type { BusStatus } from './bus.js'

/** Exchanges of which at least one must exist. */
type Alternatives = readonly string[]

/** The exchanges of services with default settings. Cinder uses one of two names. */
const defaults: Readonly<Record<'image' | 'volume', Alternatives>> = {
  image: ['glance'],
  volume: ['cinder', 'openstack'],
}

/**
 * The exchanges that must exist at a cloud: all those that the operator has configured. The default list
 * contains all exchanges that may exist; of these only the exchanges of the proxied services are expected.
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
  /** Whether the operator has configured none. */
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
