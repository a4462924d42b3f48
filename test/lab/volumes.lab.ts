import { cinder, holds, openstack, openstackJson, place } from './clients.js'
import {
  closingProofs,
  type Federation,
  onFederation,
  untilLocated,
  untilRecorded,
} from './federation.js'
import { untilInLab } from './until-in-lab.js'

const test = onFederation('serve')

const clients = {
  openstack: {
    show: (id: string) => openstack('volume', 'show', id),
    extend: (id: string, size: number) => openstack('volume', 'set', '--size', `${size}`, id),
    snapshot: (id: string, name: string) =>
      openstack('volume', 'snapshot', 'create', '--volume', id, name, '-f', 'value', '-c', 'id'),
    removeSnapshot: (id: string) => openstack('volume', 'snapshot', 'delete', id),
    remove: (id: string) => openstack('volume', 'delete', id),
  },
  cinder: {
    show: (id: string) => cinder('show', id),
    extend: (id: string, size: number) => cinder('extend', id, `${size}`),
    snapshot: async (id: string, name: string) =>
      /\| id +\| (\S+)/.exec(await cinder('snapshot-create', '--name', name, id))?.[1] ?? '',
    removeSnapshot: (id: string) => cinder('snapshot-delete', id),
    remove: (id: string) => cinder('delete', id),
  },
}

for (const cloud of ['default', 'sp1'] as const)
  for (const [client, act] of Object.entries(clients))
    test.serial(
      `a volume at ${cloud} is shown, extended, snapshot and deleted by ${client}`,
      async t => {
        const name = `${client} at ${cloud}`
        const id = await place(cloud, 'volume', name, '1')
        t.true(await holds(cloud, 'volume', id))
        await untilRecorded(t.context, cloud, id, 'volume.create.start', 'volume.create.end')
        await untilLocated(t.context, id, cloud)
        t.regex(await act.show(id), new RegExp(name))

        await act.extend(id, 2)
        await untilRecorded(t.context, cloud, id, 'volume.resize.start', 'volume.resize.end')
        await untilAvailable('volume', id)
        t.is((await openstackJson('volume', 'show', id))['size'], 2)

        const snapshot = (await act.snapshot(id, `of ${name}`)).trim()
        await untilRecorded(
          t.context,
          cloud,
          snapshot,
          'snapshot.create.start',
          'snapshot.create.end',
        )
        await untilLocated(t.context, snapshot, cloud)
        await untilAvailable('volume snapshot', snapshot)
        await act.removeSnapshot(snapshot)
        await untilGone(t.context, cloud, 'snapshot', snapshot)

        await act.remove(id)
        await untilGone(t.context, cloud, 'volume', id)
      },
    )

closingProofs(test)

/** A volume of demo, read through the proxy. */
async function untilAvailable(kind: 'volume' | 'volume snapshot', id: string): Promise<void> {
  await untilInLab(`${kind} ${id} available`, async () => {
    const { status } = await openstackJson(...kind.split(' '), 'show', id)
    if (String(status).startsWith('error')) throw new Error(`${kind} ${id} is ${status}`)
    return status === 'available'
  })
}

async function untilGone(
  federation: Federation,
  cloud: 'default' | 'sp1',
  kind: 'volume' | 'snapshot',
  id: string,
): Promise<void> {
  await untilInLab(`${kind} ${id} gone from ${cloud}`, async () => !(await holds(cloud, kind, id)))
  await untilRecorded(federation, cloud, id, `${kind}.delete.start`, `${kind}.delete.end`)
  await untilLocated(federation, id, undefined)
}
