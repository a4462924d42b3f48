import { buildPart, type Part } from './parts.js'

// The process that builds the part of the views that it is told of.
process.once('message', part => buildPart(part as Part))
