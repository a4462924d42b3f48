import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A Glance with as many images as anybody asks for, made when they are listed: `image-list.ts CLOUD`. */

const cloud = Number(process.argv[2])
const owner = 'a11ce000000000000000000000000001'

const server = createServer((req, res) => {
  const query = new URL(req.url ?? '', 'http://cloud').searchParams
  const limit = Number(query.get('limit') ?? 1000)
  const first = Number.parseInt(query.get('marker') ?? '-1', 16) + 1
  const images = Array.from({ length: limit }, (_, index) => image(first + index))
  res.writeHead(200, { 'Content-Type': 'application/json' })
  res.end(JSON.stringify({ images, next: `/v2/images?limit=${limit}&marker=${images.at(-1)?.id}` }))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())

/** With properties as real ones have; the newest first, and the clouds in turn. */
function image(n: number) {
  const id = `${n.toString(16).padStart(8, '0')}-0000-4000-8000-00000000000${cloud}`
  return {
    name: `ubuntu-24.04-${n}`,
    disk_format: 'qcow2',
    container_format: 'bare',
    visibility: 'shared',
    size: 2_147_483_648,
    virtual_size: 10_737_418_240,
    status: 'active',
    checksum: 'd41d8cd98f00b204e9800998ecf8427e',
    protected: false,
    min_ram: 0,
    min_disk: 0,
    owner,
    os_hidden: false,
    os_hash_algo: 'sha512',
    os_hash_value: 'cf83e1357eefb8bd'.repeat(8),
    hw_disk_bus: 'scsi',
    hw_scsi_model: 'virtio-scsi',
    os_distro: 'ubuntu',
    os_version: '24.04',
    id,
    created_at: new Date(1_795_440_000_000 - n * 2000 - cloud * 1000).toISOString(),
    updated_at: '2026-11-23T20:00:00Z',
    tags: [],
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: '/v2/schemas/image',
  }
}
