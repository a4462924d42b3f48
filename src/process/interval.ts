/** Run an action at every interval (milliseconds) until disposed; never if the interval is null. */
export function startInterval(intervalMs: number | null, action: () => Promise<void>): Disposable {
  const timer = intervalMs === null ? undefined : setInterval(() => void action(), intervalMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
