import { serveSubprocess } from '../subprocess.js'
import { type DamageCheck, whyDamaged } from './damage.js'

serveSubprocess(({ file }: DamageCheck) => [whyDamaged(file)])
