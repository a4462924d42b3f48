import { COLOURS } from './cloud-colours.js'

/** Escape text for HTML or SVG, between tags or in a quoted attribute. */
export function safe(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** A number with at most two decimals: an SVG of thousands of points is half as long. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** `44a064b88e954b18a56a9e74e9506dad` → `44a064b8…`: short enough for a label. */
export function label(name: string, most = 22): string {
  const shortened = name.replace(/\b([0-9a-f]{8})-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b/g, '$1…')
  return shortened.length > most ? `${shortened.slice(0, most - 1)}…` : shortened
}

/** A function that gives a name its class, `c0` to `c7`, or `neutral` if it is not one of the names. */
export type ColourOf = (name: string) => string

/** Give each name a colour, in the order of the names. */
export function colours(names: Iterable<string>): ColourOf {
  const order = [...new Set(names)]
  return name => (order.includes(name) ? `c${order.indexOf(name) % COLOURS}` : 'neutral')
}

/** @param says an addition to a name: its number */
export function legend(
  names: readonly string[],
  colourOf: ColourOf,
  says: (name: string) => string = () => '',
): string {
  const items = [...new Set(names)].map(
    name => `<li><i class="${colourOf(name)}"></i>${safe(name)}${safe(says(name))}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}

/** 1234567 → `1,234,567`, independent of the locale. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** The opening tag of a chart's SVG. Screen readers read only its name: its numbers are also in tables. */
export function openSvg(
  { title, note }: { readonly title: string; readonly note: string },
  viewBox: string,
): string {
  return `<svg viewBox="${viewBox}" role="img" aria-label="${safe(`${title}. ${note}`)}">`
}
