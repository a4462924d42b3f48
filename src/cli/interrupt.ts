import { MixmatchError } from '../errors.js'

/**
 * A signal that is given when somebody presses Ctrl-C, so that a long work can stop in good order. A
 * second time ends the process as usual.
 */
export function interrupted(): { readonly signal: AbortSignal } & Disposable {
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
