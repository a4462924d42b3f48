import { serveSubprocess } from '../subprocess.js'
import { type Part, verifyPart } from './verify-events.js'

// The subprocess that verifies a range of a log.
serveSubprocess((part: Part) => [verifyPart(part)])
