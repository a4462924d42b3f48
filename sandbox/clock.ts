import { performance } from 'node:perf_hooks'
import { type Micros, micros } from '../src/ids.js'

/** The current time. Finer than `Date`, so that notifications of the same millisecond keep their order. */
export function microClock(): Micros {
  return micros(Math.floor((performance.timeOrigin + performance.now()) * 1000))
}

/** `2026-11-23T13:20:06Z`: whole seconds, as Glance writes times. */
export function toSeconds(time: Micros): string {
  return `${new Date(Math.floor(time / 1e6) * 1000).toISOString().slice(0, 19)}Z`
}
