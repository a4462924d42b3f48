import { serveApart } from '../apart.js'
import { buildParts } from './parts.js'

// The process that builds the parts of the views that it is told of.
serveApart(buildParts)
