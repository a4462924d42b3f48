import { serveSubprocess } from '../subprocess.js'
import { whyDamaged } from './damage.js'

/** The task of the subprocess that looks for damage in a file of views. */
export interface DamageCheck {
  readonly file: string
}

serveSubprocess(({ file }: DamageCheck) => [whyDamaged(file)])
