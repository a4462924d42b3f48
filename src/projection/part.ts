import { serveApart } from '../apart.js'
import { buildPart } from './parts.js'

// The process that builds the part of the views that it is told of.
serveApart(buildPart)
