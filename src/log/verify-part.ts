import { serveApart } from '../apart.js'
import { type Part, verifyPart } from './verify-events.js'

// The process that verifies the stretch of a log that it is told of.
serveApart((part: Part) => [verifyPart(part)])
