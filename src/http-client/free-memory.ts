/**
 * Free the memory of a piece of a request body at once. Node allocates it anew for each 64 KiB; if it is left
 * to the garbage collector, that walks the whole heap again and again: twice the CPU of an upload.
 *
 * The piece is empty afterwards. Memory that it shares with other buffers stays.
 */
export function freeMemory({ buffer, byteLength }: Buffer): void {
  const isOwn = byteLength > 0 && buffer.byteLength === byteLength
  if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
