import { foreverSeconds, type Retention } from '@wayward/clickhouse/retention/retention'
import { retainedTables } from '@wayward/clickhouse/tables'
import { nearest } from '../nearest.ts'
import { durationType } from './field-types.ts'
import { FieldError, type FieldType } from './field.ts'

const servicePrefix = 'service:'
const secondsMax = 20 * 365 * 86_400
const secondsMin = 3600

/** How long data are kept: `30d`, `30d,otel_logs=7d,service:shop=90d`. */
export const retentionType: FieldType<Retention> = {
  placeholder: 'durations',
  isList: true,
  wanted:
    'durations from 1h to 7300d or "forever", such as 30d, or 30d,otel_logs=7d,service:shop=90d (a table, a service)',
  parse(text) {
    const tables = new Map<string, number>()
    const services = new Map<string, number>()
    let restSeconds: number | undefined
    const set = (target: Map<string, number>, name: string, seconds: number): void => {
      if (target.has(name)) throw new FieldError(`"${name}" is named twice`)
      target.set(name, seconds)
    }
    for (const item of text.split(',').map((one) => one.trim())) {
      const at = item.lastIndexOf('=')
      const name = item.slice(0, Math.max(at, 0)).trim()
      const seconds = parseSeconds(item.slice(at + 1).trim())
      if (at < 0) {
        if (restSeconds !== undefined) throw new FieldError('two durations have no name')
        restSeconds = seconds
      } else if (name.startsWith(servicePrefix))
        set(services, name.slice(servicePrefix.length), seconds)
      else set(tables, knownTable(name), seconds)
    }
    const isForever = restSeconds === undefined || restSeconds >= foreverSeconds
    return { restSeconds: isForever ? undefined : restSeconds, tables, services }
  },
}

function parseSeconds(text: string): number {
  if (text === 'forever') return foreverSeconds
  const seconds = Math.ceil(durationType.parse(text, '') / 1000)
  if (seconds < secondsMin) throw new FieldError(`"${text}" is less than 1h`)
  if (seconds > secondsMax) throw new FieldError(`"${text}" is more than 7300d; say forever`)
  return seconds
}

function knownTable(name: string): string {
  if (retainedTables.has(name)) return name
  const names = [...retainedTables.keys()]
  const guess = nearest(name, names)
  const cure =
    guess === undefined ? `the tables are ${names.join(', ')}` : `did you mean "${guess}"?`
  throw new FieldError(`there is no table "${name}"; ${cure}`)
}
