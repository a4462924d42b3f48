import { Command } from 'commander'
import type { Context } from '../../cli/context.js'
import { anchorCommand } from './anchor-command.js'
import { archiveCommand } from './archive-command.js'
import { backupCommand } from './backup-command.js'
import { compareCommand } from './compare-command.js'
import { exportCommand } from './export-command.js'
import { importCommand } from './import-command.js'
import { infoCommand } from './info-command.js'
import { showCommand } from './show-command.js'
import { tailCommand } from './tail-command.js'
import { headCommand, verifyCommand } from './verify-command.js'

export function logCommand(context: Context): Command {
  const log = new Command('log').description(
    'Read, verify, export, import and archive the event log.',
  )
  for (const command of [
    infoCommand,
    tailCommand,
    showCommand,
    verifyCommand,
    headCommand,
    anchorCommand,
    exportCommand,
    importCommand,
    compareCommand,
    backupCommand,
    archiveCommand,
  ]) {
    log.addCommand(command(context))
  }
  return log
}
