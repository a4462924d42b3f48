import { buildPart } from './parts.js'

// The process that builds the part of the views whose file is named to it.
const [file] = process.argv.slice(2)
if (file === undefined) throw new RangeError('expected the file of a part')
buildPart(file)
