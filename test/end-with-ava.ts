/**
 * Make this process exit when AVA is interrupted or killed, or ends it after a timeout. The process groups that it
 * has started end with it.
 */
export function endWithAva(): void {
  process.setMaxListeners(0) // each process group adds one
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'])
    process.once(event, () => process.exit(1))
}
