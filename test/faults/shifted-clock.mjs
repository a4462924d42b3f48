// Loaded by `node --import` before a program: its clock differs from that of the machine by the number of
// milliseconds in the file that SHIFTED_CLOCK names, which may change while it runs.
import { readFileSync } from 'node:fs'

const RealDate = Date
const file = process.env.SHIFTED_CLOCK
const now = () => RealDate.now() + Number(readFileSync(file, 'utf8'))

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length > 0 ? parts : [now()]))
  }

  static now() {
    return now()
  }
}
