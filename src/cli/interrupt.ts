import { MixmatchError } from '../errors.js'

/**
 * A signal that aborts on the first Ctrl-C, so that a long command can stop cleanly. The second Ctrl-C ends the
 * process.
 */
export function catchInterrupt(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const stop = () =>
    controller.abort(new MixmatchError('INTERRUPTED', 'interrupted: nothing was left half done.'))
  process.once('SIGINT', stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.removeListener('SIGINT', stop)
    },
  }
}
