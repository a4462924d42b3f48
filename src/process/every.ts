/** Do something again and again until disposed; never where the interval is null. Milliseconds. */
export function every(intervalMs: number | null, action: () => Promise<void>): Disposable {
  const timer = intervalMs === null ? undefined : setInterval(() => void action(), intervalMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
