/** Why a process ends: SIGTERM (systemd, `kill`), SIGINT (Ctrl-C), or its parent is gone. */
export type StopReason = 'SIGTERM' | 'SIGINT' | 'disconnect'

/** Settles when this process is asked to end. Whoever asks twice by hand gets it at once. */
export function askedToStop(): Promise<StopReason> {
  let asked = false
  return new Promise(resolve => {
    const stop = (reason: StopReason) => () => {
      if (asked && reason === 'SIGINT') process.exit(130)
      asked = true
      resolve(reason)
    }
    process.on('SIGTERM', stop('SIGTERM'))
    process.on('SIGINT', stop('SIGINT'))
    process.once('disconnect', stop('disconnect'))
    process.channel?.unref() // to listen to the parent is nothing to stay alive for
  })
}
