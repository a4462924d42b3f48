import { serveSubprocess } from '../subprocess.js'
import { type Part, verifyPart } from './verify-events.js'

// The process that verifies the stretch of a log that it is told of.
serveSubprocess((part: Part) => [verifyPart(part)])
