// What a record says, for people.
import { ATTR_WAYWARD_LOCK_NAME, ATTR_WAYWARD_LOCK_ORDER_HELD_NAME } from '@wayward/semconv'
import { itemIdOf, type RecordView, textOf } from './area-reader.ts'
import { parseSite } from './call-site.ts'
import { cell, number, recordKind } from './layout.ts'

/** A moment. */
interface Moment {
  readonly seconds: number
  readonly ns: number
}

/** A record or an open slot, in words. */
export interface RecordFacts {
  readonly kind: string
  /** Of the lock, queue or zone; of an event its own. */
  readonly name: string
  readonly task: string
  readonly start: Moment
  readonly end: Moment
  /** The task that held what was waited for, where it is known. */
  readonly holder: string
  readonly item: string
  readonly result: string
  /** Where a lock was asked for. */
  readonly site: string
}

const names: Readonly<Record<number, string>> = {
  [recordKind.lockWait]: 'waits for',
  [recordKind.lockHold]: 'holds',
  [recordKind.queueEnqueue]: 'enqueued in',
  [recordKind.queueWait]: 'waits in',
  [recordKind.queueItem]: 'processes of',
  [recordKind.zone]: 'runs',
  [recordKind.event]: 'told',
}

/** What a record is of; `forgotten` ones say nothing. */
export function factsOf(view: RecordView, kind: number): RecordFacts {
  const { cells, numbers, at, texts } = view
  const text = (place: number): string => texts.textOf(cells[at * 2 + place] as number)
  const isQueue =
    kind === recordKind.queueEnqueue ||
    kind === recordKind.queueWait ||
    kind === recordKind.queueItem
  const isLock = kind === recordKind.lockWait || kind === recordKind.lockHold
  const holder = kind === recordKind.lockWait ? (numbers[at + number.holder] as number) : 0
  const isEvent = kind === recordKind.event
  const hasResult = kind === recordKind.lockWait || kind === recordKind.queueItem
  return {
    kind: names[kind] ?? '',
    name: text(cell.name),
    task: isEvent ? '' : text(cell.taskName) || String(numbers[at + number.task]),
    start: {
      seconds: cells[at * 2 + cell.startSeconds] as number,
      ns: cells[at * 2 + cell.startNs] as number,
    },
    end: {
      seconds: cells[at * 2 + cell.endSeconds] as number,
      ns: cells[at * 2 + cell.endNs] as number,
    },
    holder: holder === 0 ? '' : String(holder),
    item: isQueue ? itemIdOf(view) : isEvent ? orderOf(textOf(view, 0)) : '',
    result: hasResult ? text(cell.result) : '',
    site: isLock ? siteOf(text(cell.site)) : '',
  }
}

/** Of events, which are orders of locks: what was asked for while what was held. */
function orderOf(text: string): string {
  try {
    const attributes = JSON.parse(text) as Readonly<Record<string, unknown>>
    const asked = attributes[ATTR_WAYWARD_LOCK_NAME]
    const held = attributes[ATTR_WAYWARD_LOCK_ORDER_HELD_NAME]
    return typeof asked === 'string' ? `${asked} while holding ${String(held)}` : ''
  } catch {
    return ''
  }
}

function siteOf(text: string): string {
  const site = parseSite(text)
  if (site === undefined) return ''
  const file = site.file.split(/[\\/]/).at(-1) ?? ''
  return site.functionName === ''
    ? `${file}:${site.line}`
    : `${site.functionName} (${file}:${site.line})`
}
