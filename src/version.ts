import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { parseJson } from './json.js'

const file = new URL('../package.json', import.meta.url) // the same path from src/ and from dist/

/** The version of this program, such as `0.1.0`. */
export const { version } = z
  .object({ version: z.string() })
  .parse(parseJson(readFileSync(file, 'utf8')))
