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

/** Gives each name a colour, `c0` to `c7`, in the order of the names. */
export function colours(names: Iterable<string>): (name: string) => string {
  const order = [...new Set(names)]
  return name => `c${Math.max(0, order.indexOf(name)) % 8}`
}

export function legend(names: readonly string[]): string {
  const colourOf = colours(names)
  const items = [...new Set(names)].map(
    name => `<li><i class="${colourOf(name)}"></i>${safe(name)}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}

/** 1234567 → `1,234,567`, independent of the locale. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
