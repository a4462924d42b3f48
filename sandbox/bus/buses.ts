import { join } from 'node:path'
import { MixmatchError } from '../../src/errors.js'
import { findRabbit, startRabbit } from './rabbit.js'
import { type Bus, openAmqpBus, openFileBus } from './sandbox-bus.js'

export const busKinds = ['auto', 'file', 'rabbitmq'] as const
/** The kind of bus for notifications; `auto` is RabbitMQ if it is installed and starts, else files. */
export type BusKind = (typeof busKinds)[number]

/** The buses of all clouds. */
export interface Buses {
  readonly kind: Exclude<BusKind, 'auto'>
  /** Why this kind was chosen, in words. */
  readonly because: string
  open(cloud: string): Promise<Bus>
  close(): Promise<void>
}

interface BusesOptions {
  readonly wanted: BusKind
  readonly clouds: readonly string[]
  readonly directory: string
  /** Folders to search for programs, as in `PATH`. */
  readonly path: string
  /** How long RabbitMQ may take to start. */
  readonly patienceMs: number
}

/** @throws USAGE if RabbitMQ is requested and cannot be started */
export async function openBuses(options: BusesOptions): Promise<Buses> {
  const { wanted, clouds, directory, path, patienceMs } = options
  if (wanted === 'file') return files(directory, 'as asked')
  const program = await findRabbit(path)
  if (program === null) {
    if (wanted === 'auto') return files(directory, 'rabbitmq-server is not installed')
    throw new MixmatchError('USAGE', '--bus rabbitmq: rabbitmq-server is not installed')
  }
  try {
    const rabbit = await startRabbit(program, { vhosts: clouds, directory, path, patienceMs })
    return {
      kind: 'rabbitmq',
      because: `a private node, from ${program}`,
      open: cloud => openAmqpBus(rabbit.address(cloud)),
      close: rabbit.close,
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    if (wanted === 'auto') return files(directory, `RabbitMQ did not come up: ${reason}`)
    throw new MixmatchError('USAGE', `--bus rabbitmq: ${reason}`, { cause })
  }
}

function files(directory: string, because: string): Buses {
  return {
    kind: 'file',
    because,
    open: async cloud => openFileBus(join(directory, `${cloud}.ndjson`)),
    close: async () => {},
  }
}
