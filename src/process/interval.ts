/** Do something at every interval until disposed; never where the interval is null. Milliseconds. */
export function startInterval(intervalMs: number | null, action: () => Promise<void>): Disposable {
  const timer = intervalMs === null ? undefined : setInterval(() => void action(), intervalMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
