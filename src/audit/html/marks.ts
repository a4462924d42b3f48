import type { Mark } from '../report.js'
import { timeText } from './axis.js'
import { safe, short } from './markup.js'

const LEAST_WIDTH = 3

/** The pattern of silences, once for each SVG that draws marks. */
export const hatching =
  '<defs><pattern id="silence" width="6" height="6" patternUnits="userSpaceOnUse" ' +
  'patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="6"/></pattern></defs>'

/** Draw silences and gaps as bands between two heights. */
export function drawMarks(
  marks: readonly Mark[],
  x: (at: number) => number,
  { top, height }: { readonly top: number; readonly height: number },
): string {
  return marks
    .map(({ cloud, from, until, what, says }) => {
      const width = Math.max(LEAST_WIDTH, x(until) - x(from))
      return (
        `<rect class="${what}" x="${short(x(from))}" y="${short(top)}" width="${short(width)}" height="${short(height)}">` +
        `<title>${safe(cloud)}, ${timeText(from)} to ${timeText(until)}: ${safe(says)}</title></rect>`
      )
    })
    .join('')
}
