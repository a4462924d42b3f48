import { type Kind, kinds, openTransferRig, type Speed } from '../large-bodies.js'
import { OFFLOAD_SECRET, startOffloadFront } from '../offload-front.js'
import { installPeers, startNginx, startNodePeer } from '../peers.js'
import { type Bar, type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene } from '../scene.js'

/** Image data, beside nginx without buffers and http-proxy. */
export const large: Row = {
  name: 'large',
  title: 'image data: 1 GiB, one connection',
  measure,
}

const RESOURCES = 100_000

async function measure(options: RowOptions): Promise<readonly Result[]> {
  installPeers()
  await using rig = await openTransferRig(options)
  await using scene = await openScene(options)
  const { upstream } = rig
  const { imagePath, ...mixmatch } = await scene.startMixmatch(RESOURCES, { upstream })
  const nginx = scene.add(await startNginx(upstream, options.folder))
  const httpProxy = scene.add(await startNodePeer('http-proxy', upstream))
  const request = { path: `${imagePath('default')}/file`, token: scene.token }
  const subjects = [mixmatch, nginx, httpProxy].map(each => ({ ...each, ...request }))
  const results: Result[] = []
  for (const kind of kinds) results.push(...compare(kind, await rig.measure(subjects, kind)))
  return results
}

/** nginx with httpd/nginx-offload.conf, beside nginx that asks nobody. */
export const offload: Row = {
  name: 'offload',
  title: 'image data: 1 GiB, moved by nginx, which asks Mixmatch',
  measure: measureOffload,
}

async function measureOffload(options: RowOptions): Promise<readonly Result[]> {
  await using rig = await openTransferRig(options)
  await using scene = await openScene(options)
  const { upstream } = rig
  const { imagePath, ...mixmatch } = await scene.startMixmatch(RESOURCES, {
    ...{ upstream, offloadSecret: OFFLOAD_SECRET },
  })
  const asking = scene.add(await startOffloadFront(mixmatch.port, options.folder))
  const alone = scene.add(await startNginx(upstream, options.folder))
  const request = { path: `${imagePath('default')}/file`, token: scene.token }
  const subjects = [asking, alone].map(each => ({ ...each, ...request }))
  const results: Result[] = []
  for (const kind of kinds) {
    const [ours, nginx] = await rig.measure(subjects, kind)
    if (!ours || !nginx) throw new Error('expected two forwarders')
    results.push(rate(kind, ours, { name: 'nginx alone', speed: nginx }, { atLeast: 0.95 }))
  }
  return results
}

/** Rates and CPU beside nginx, and the rate of uploads beside http-proxy. */
function compare(kind: Kind, speeds: readonly Speed[]): Result[] {
  const [ours, nginx, httpProxy] = speeds
  if (!ours || !nginx || !httpProxy) throw new Error('expected three forwarders')
  const isDownload = kind === 'GET'
  const cpu = (name: string, other: Speed, bar: Bar | null) =>
    ratio(`${kind}, CPU`, ours.cpuSeconds, { name, value: other.cpuSeconds }, { unit: 's', bar })
  return [
    rate(kind, ours, { name: 'nginx', speed: nginx }, { atLeast: isDownload ? 0.8 : 0.45 }),
    rate(
      kind,
      ours,
      { name: 'http-proxy', speed: httpProxy },
      isDownload ? null : { atLeast: 1.3 },
    ),
    cpu('nginx', nginx, isDownload ? { atMost: 1.25 } : null),
    cpu('http-proxy', httpProxy, null),
  ]
}

function rate(
  kind: Kind,
  ours: Speed,
  { name, speed }: { name: string; speed: Speed },
  bar: Bar | null,
): Result {
  const other = { name, value: speed.megabytesPerSecond }
  return ratio(kind, ours.megabytesPerSecond, other, { unit: 'MB/s', bar })
}
