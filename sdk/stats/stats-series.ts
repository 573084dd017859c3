// The values of instruments in a stats file: a series for each instrument and set of attributes,
// `requests{route="/a"}`. A file has room for so many; what finds none is counted.
import type { Attributes } from '@opentelemetry/api'
import type { StatsFile, StatsPackage } from './stats-package.ts'

/** How the values of an instrument make the one that is shown. */
export type SeriesKind = 'counter' | 'sum' | 'gauge' | 'histogram' | 'total'

/** Takes a value of a series. */
export type TakeValue = (value: number) => void

/** The series of a file. */
export interface StatsSeries {
  /** @returns what takes the values; where there is no room, nothing does, and it is counted */
  find(kind: SeriesKind, name: string, attributes: Attributes | undefined): TakeValue
}

const labelCharactersMax = 1000

/** Series that are remembered as having found no room. */
const leftOutMax = 1000

/** Finds and makes the series of a file; `onLeftOut` is called for each value without a place. */
export function createStatsSeries(
  mmstats: StatsPackage,
  file: StatsFile,
  onLeftOut: () => void,
): StatsSeries {
  const known = new Map<string, { readonly kind: SeriesKind; readonly take: TakeValue }>()
  let leftOut = 0
  const find: StatsSeries['find'] = (kind, name, attributes) => {
    const label = labelOf(name, attributes)
    const found = known.get(label)
    if (found?.kind === kind) return found.take
    if (found !== undefined || label.length > labelCharactersMax) return onLeftOut
    let take: TakeValue = onLeftOut
    try {
      take = add(mmstats, file, { kind, label, number: known.size })
    } catch {
      // No room is left, or another field has that label.
      if (++leftOut > leftOutMax) return onLeftOut
    }
    known.set(label, { kind, take })
    return take
  }
  return { find }
}

function labelOf(name: string, attributes: Attributes | undefined): string {
  if (attributes === undefined) return name
  const keys = Object.keys(attributes)
  if (keys.length === 0) return name
  const pairs = keys.toSorted().map((key) => `${key}=${JSON.stringify(textOf(attributes[key]))}`)
  return `${name}{${pairs.join(',')}}`
}

function textOf(value: Attributes[string]): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

interface NewSeries {
  readonly kind: SeriesKind
  readonly label: string
  readonly number: number
}

function add(
  mmstats: StatsPackage,
  file: StatsFile,
  { kind, label, number }: NewSeries,
): TakeValue {
  // Not a name that the file's own methods may have.
  const place = `series ${number}`
  if (kind === 'histogram') return addHistogram(mmstats, file, { label, place })
  if (kind === 'counter' || kind === 'total') {
    const counter = mmstats.counter({ label })
    file.add(place, counter)
    return kind === 'counter' ? addUp(counter) : follow(counter)
  }
  const field = mmstats.double({ label })
  file.add(place, field)
  if (kind === 'gauge') {
    return (value) => {
      field.value = value
    }
  }
  return (value) => {
    field.value += value
  }
}

/** A counter of whole numbers: what is less than one is kept until it is one. */
function addUp(counter: { increment(amount: number): void }): TakeValue {
  let rest = 0
  return (value) => {
    // As OpenTelemetry says of counters: what is below zero is not taken.
    if (!(value > 0 && value <= Number.MAX_SAFE_INTEGER)) return
    const whole = Math.floor(value + rest)
    rest += value - whole
    counter.increment(whole)
  }
}

/** A counter that is given its total. */
function follow(counter: { increment(amount: number): void }): TakeValue {
  let last = 0
  return (value) => {
    const total = Math.floor(value)
    if (!(total > last && total <= Number.MAX_SAFE_INTEGER)) return
    counter.increment(total - last)
    last = total
  }
}

function addHistogram(
  mmstats: StatsPackage,
  file: StatsFile,
  { label, place }: { readonly label: string; readonly place: string },
): TakeValue {
  const fields = {
    count: mmstats.counter(),
    sum: mmstats.double(),
    min: mmstats.double(),
    max: mmstats.double(),
  }
  const record = mmstats.record(fields, { label })
  file.add(place, record)
  let isFirst = true
  let now = 0
  const change = (): void => {
    fields.count.increment()
    fields.sum.value += now
    fields.min.value = isFirst ? now : Math.min(fields.min.value, now)
    fields.max.value = isFirst ? now : Math.max(fields.max.value, now)
  }
  return (value) => {
    if (!Number.isFinite(value)) return
    now = value
    record.update(change)
    isFirst = false
  }
}
