import type * as z from 'zod'
import type { cloudsShape } from '../api/cloud-status.js'
import type { Appearance } from './appearance.js'
import { showCloud, showTable, showTime } from './elements.js'
import { type Content, html, type Markup } from './html-template.js'

/** The state of all clouds at this moment, as the read API describes it. */
export type CloudState = z.output<typeof cloudsShape>

/** A row for each cloud: its buses, its lag, and whether workers wait for it. */
export function showCloudStates({ clouds }: CloudState, appearance: Appearance): Markup {
  return showTable(
    'State of each cloud',
    [
      { name: 'Cloud', cell: ({ name }) => showCloud(name, appearance) },
      { name: 'Bus', cell: showBuses },
      {
        name: 'Last message',
        cell: ({ buses }) =>
          showTime(
            buses
              .flatMap(({ last_message_at }) => last_message_at ?? [])
              .sort()
              .at(-1) ?? null,
          ),
      },
      {
        name: 'Lag',
        cell: ({ lag_seconds }) => (lag_seconds === null ? '–' : `${lag_seconds.toFixed(2)} s`),
        format: 'number',
      },
      {
        name: 'Requests',
        cell: ({ breaker_open }) =>
          breaker_open > 0
            ? html`<span class="tag alarm">${breaker_open} workers do not wait for it</span>`
            : html`<span class="tag good">served</span>`,
      },
      {
        name: 'Problems',
        cell: ({ problems, missing_exchanges }) =>
          [
            ...problems,
            ...(missing_exchanges > 0 ? [`${missing_exchanges} exchanges are missing`] : []),
          ].join('; ') || '–',
        format: 'wrap',
      },
    ],
    clouds,
  )
}

function showBuses({ buses }: CloudState['clouds'][number]): Content {
  if (buses.length === 0) return html`<span class="quiet">none</span>`
  return buses.map(({ bus, connected }) => {
    const name = bus === null ? '' : `${bus} `
    return connected
      ? html`<span class="tag good">${name}connected</span> `
      : html`<span class="tag alarm">${name}not connected</span> `
  })
}
