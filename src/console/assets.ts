import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { cloudStyle } from '../audit/html/cloud-colours.js'
import type { ConsoleResponse } from './console-request.js'

/** The address of a file: `/console/assets/3f0c…/console.css`. The version changes with the contents. */
export type AssetUrl = (name: string) => string

interface Assets {
  readonly url: AssetUrl
  /** null if there is no such file. */
  readonly find: (name: string) => ConsoleResponse | null
}

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Read the style sheets and the scripts of the console into memory: about 20 KB. `clouds.css` is that of reports. */
export function readAssets(): Assets {
  const folder = new URL('./assets/', import.meta.url)
  const files = new Map(
    readdirSync(folder).flatMap(name => {
      const type = types[name.split('.').at(-1) ?? '']
      return type === undefined ? [] : [[name, { type, body: readFileSync(new URL(name, folder)) }]]
    }),
  )
  files.set('clouds.css', { type: types['css'] ?? '', body: Buffer.from(cloudStyle) })
  const hash = createHash('sha256')
  for (const { body } of files.values()) hash.update(body)
  // One version for all: a script imports the others by their plain names.
  const version = hash.digest('hex').slice(0, 12)
  return {
    url: name => `/console/assets/${version}/${name}`,
    find(name) {
      const file = files.get(name)
      if (file === undefined) return null
      const headers = {
        'Content-Type': file.type,
        'Cache-Control': 'public, max-age=31536000, immutable',
      }
      return { status: 200, headers, body: file.body }
    },
  }
}
