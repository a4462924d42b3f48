import Bzip2 from '@foxglove/wasm-bz2'

/**
 * The original bzip2 library, as WebAssembly. The packages in plain JavaScript can be attacked: forty bytes
 * make them run for ever, because the length of a run overflows.
 */
const bzip2 = await loadBzip2()

/**
 * As `zlib.unzipSync`, for bzip2.
 *
 * @throws RangeError with code `ERR_BUFFER_TOO_LARGE` for more than `maxOutputLength` bytes; Error
 */
export function bunzip2Sync(bytes: Buffer, options: { readonly maxOutputLength: number }): Buffer {
  try {
    return Buffer.from(bzip2.decompress(bytes, options.maxOutputLength))
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('BZ_OUTBUFF_FULL'))) throw error
    throw Object.assign(new RangeError(error.message), { code: 'ERR_BUFFER_TOO_LARGE' })
  }
}

/**
 * Load the module, and remove the listeners for uncaught errors that its compiler adds to the process.
 */
function loadBzip2(): Promise<Bzip2> {
  const exceptions = process.listeners('uncaughtException')
  const rejections = process.listeners('unhandledRejection')
  const loading = Bzip2.init()
  for (const listener of process.listeners('uncaughtException')) {
    if (!exceptions.includes(listener)) process.off('uncaughtException', listener)
  }
  for (const listener of process.listeners('unhandledRejection')) {
    if (!rejections.includes(listener)) process.off('unhandledRejection', listener)
  }
  return loading
}
