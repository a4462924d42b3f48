import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MixmatchError } from '../errors.js'

/**
 * Verify the signature of a time stamp with OpenSSL, which must be installed.
 *
 * @param hash the hash that was stamped, 64 hex digits
 * @param authorities PEM file of the authorities that are trusted
 * @returns null if it is valid, else what OpenSSL says
 * @throws ANCHOR_FAILED if `openssl` cannot be run
 */
export async function verifyTimestamp(
  response: Buffer,
  hash: string,
  authorities: string,
): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'mixmatch-timestamp-'))
  try {
    const file = join(folder, 'response.tsr')
    await writeFile(file, response)
    return await runOpenssl([
      ...['ts', '-verify', '-digest', hash],
      ...['-in', file, '-CAfile', authorities],
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function runOpenssl(args: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    execFile('openssl', args, { encoding: 'utf8' }, (error, _, stderr) => {
      if (error === null) resolve(null)
      else if (typeof error.code === 'number') resolve(reasonIn(stderr))
      else {
        const message = `openssl: cannot be run (${error.message}). Install it to verify time stamps.`
        reject(new MixmatchError('ANCHOR_FAILED', message, { cause: error }))
      }
    })
  })
}

/** OpenSSL prints `…:ts_verify_cert:certificate verify error:…:Verify error:unable to get …`. */
function reasonIn(stderr: string): string {
  const line = stderr.split('\n').find(each => each.includes('error:')) ?? stderr
  return line.split(':').slice(5).filter(Boolean).join(': ').trim() || 'the signature is not valid'
}
