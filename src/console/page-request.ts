import type { MetricsSnapshot } from '../metrics/snapshot.js'
import type { Appearance } from './appearance.js'
import type { AskQuery } from './ask-query.js'
import type { CloudState } from './cloud-states.js'
import type { Fault } from './console-request.js'
import type { Markup } from './html-template.js'

/** What a page is made from. */
export interface PageRequest {
  /** The part of the path after the page's own: `['volume', '5c0b…']`. */
  readonly rest: readonly string[]
  readonly query: URLSearchParams
  readonly ask: AskQuery
  readonly cloudStates: () => Promise<CloudState>
  /** The metrics of all processes. */
  readonly metrics: () => Promise<readonly MetricsSnapshot[]>
  /** Whether the viewer may see the resources of all projects. */
  readonly seesAll: boolean
  readonly appearance: Appearance
  /** Names of projects that the viewer may know, by their ids. */
  readonly projectNames: ReadonlyMap<string, string>
  /** In the order of the configuration. */
  readonly clouds: readonly string[]
}

/** A page without its frame. */
export interface Page {
  readonly title: string
  readonly content: Markup
  /** 200 if it is missing. */
  readonly status?: number
  /** If the page says why the request was refused or failed. */
  readonly fault?: Fault
  /** The script of this page, besides the one of all pages. */
  readonly script?: string
}

/** Another page of the console, to which the browser is sent: `/console/resource/volume/5c0b…`. */
export interface Redirect {
  readonly location: string
}

export type RenderPage = (request: PageRequest) => Promise<Page | Redirect>
