import { parseTime } from '../src/event/time.js'
import { ApiFault } from './api-fault.js'

/**
 * Whether a time matches a condition such as `gte:2026-11-23T13:20:06Z`, or several, separated by commas.
 *
 * @throws ApiFault 400 if the condition cannot be parsed
 */
export function fits(time: string, condition: string): boolean {
  return condition.split(',').every(part => {
    const [, operator = 'eq', text = ''] = /^(?:([a-z]+):)?(.*)$/.exec(part.trim()) ?? []
    const own = parseTime(time) ?? 0
    const than = parseTime(text)
    if (than === null) throw new ApiFault(400, `Invalid time: '${text}'`)
    switch (operator) {
      case 'gt':
        return own > than
      case 'gte':
        return own >= than
      case 'lt':
        return own < than
      case 'lte':
        return own <= than
      case 'neq':
        return own !== than
      case 'eq':
        return own === than
      default:
        throw new ApiFault(400, `Invalid comparison operator: '${operator}'`)
    }
  })
}
