import { Command } from 'commander'
import type { Context } from '../../cli/context.js'
import { archiveCommand } from './log-archive.js'
import { backupCommand } from './log-backup.js'
import { exportCommand } from './log-export.js'
import { importCommand } from './log-import.js'
import { infoCommand } from './log-info.js'
import { showCommand } from './log-show.js'
import { tailCommand } from './log-tail.js'
import { headCommand, verifyCommand } from './log-verify.js'

export function logCommand(context: Context): Command {
  const log = new Command('log').description('Read, check and move the event log.')
  for (const command of [
    infoCommand,
    tailCommand,
    showCommand,
    verifyCommand,
    headCommand,
    exportCommand,
    importCommand,
    backupCommand,
    archiveCommand,
  ]) {
    log.addCommand(command(context))
  }
  return log
}
