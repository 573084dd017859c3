// What the reporting task was in the middle of: the zones that it runs in and the locks that it
// holds, as they were entered. It goes with each log record, and with each request for a lock that
// somebody stands in the way of.
import { type Context, createContextKey } from '@opentelemetry/api'
import { type Task, toldHolds } from './task.ts'

/** Of more the innermost are told. */
const linksMax = 16
/** Of a name: all links are a text of the recorder, which has at most 1000. */
const charactersMax = 56

/**
 * What is told of a zone that code runs in. It knows nothing of the zone: code that goes on after a
 * zone's end, and begins others, would keep all that ever were.
 */
export interface ZoneLink {
  readonly name: string
  readonly sequence: number
  isOpen: boolean
}

const zonesKey = createContextKey('wayward.zones')

/** The context for code that runs in a zone. */
export function withZone(zone: ZoneLink, at: Context): Context {
  const around = zonesOf(at).filter(({ isOpen }) => isOpen)
  return at.setValue(zonesKey, [...around, zone].slice(-linksMax))
}

function zonesOf(at: Context): readonly ZoneLink[] {
  return (at.getValue(zonesKey) as readonly ZoneLink[] | undefined) ?? noZones
}

const noZones: readonly ZoneLink[] = []

interface Entered {
  readonly text: string
  readonly sequence: number
}

/** `zone checkout`, `lock inventory`: the outermost first. */
export function contextChain(at: Context, task: Task): readonly string[] {
  const zones = zonesOf(at)
  const { holds, inherited } = task
  if (zones.length + holds.length + inherited.length === 0) return noChain
  const entered: Entered[] = []
  for (const { name, sequence, isOpen } of zones) {
    if (isOpen) entered.push({ text: textOf('zone', name), sequence })
  }
  for (const { lockClass, sequence, isReleased } of [...inherited, ...toldHolds(task)]) {
    if (!isReleased) entered.push({ text: textOf('lock', lockClass), sequence })
  }
  return entered
    .toSorted((a, b) => a.sequence - b.sequence)
    .slice(-linksMax)
    .map(({ text }) => text)
}

export const noChain: readonly string[] = []

function textOf(kind: string, name: string): string {
  return `${kind} ${name.slice(0, charactersMax)}`
}
