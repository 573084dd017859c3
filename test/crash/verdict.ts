// Compares what clients were told with what is stored.
import { itemsByTable, type TableItems } from './ledger.ts'
import type { LoadReport } from './load.ts'

/** What a table holds of a request. */
export interface StoredItems {
  readonly request: number
  readonly rows: number
  /** How many different items these rows are. */
  readonly items: number
  readonly first: number
  readonly last: number
  /** Rows whose name, body or value belongs to another item. */
  readonly mixed: number
}

/** By table. */
export type Stored = ReadonlyMap<string, readonly StoredItems[]>

interface Fault {
  readonly kind: 'lost' | 'doubled' | 'mixed' | 'foreign' | 'refused'
  readonly table: string
  /** 0 for rows of no request. */
  readonly request: number
  readonly text: string
}

export interface Verdict {
  readonly requests: number
  readonly acknowledged: number
  readonly unacknowledged: number
  /** Items in acknowledged requests. */
  readonly acknowledgedItems: number
  /** Acknowledged requests that took more than one try. */
  readonly retried: number
  /** How the tries ended, and how many did. */
  readonly attempts: ReadonlyMap<string, number>
  /** Unacknowledged requests of which something is stored: allowed, at most once. */
  readonly storedUnacknowledged: number
  readonly faults: readonly Fault[]
}

/**
 * Acknowledged: each item exactly once in each of its tables. Otherwise: at most once. Refused for
 * good, or with a partial success: a fault by itself, because every request of this test is good.
 */
export function judge(reports: readonly LoadReport[], stored: Stored): Verdict {
  const found = indexStored(stored)
  const faults: Fault[] = []
  let storedUnacknowledged = 0
  for (const report of reports) {
    const { request, result } = report
    let isStored = false
    for (const expected of itemsByTable(report)) {
      const key = `${expected.table} ${request.number}`
      const actual = found.get(key)
      found.delete(key)
      if (actual !== undefined) isStored = true
      const isAcknowledged = result.status === 'acknowledged'
      faults.push(...compare(report, expected, actual, isAcknowledged))
    }
    if (isStored && result.status !== 'acknowledged') storedUnacknowledged++
    if (result.status === 'refused') {
      const text = `refused: ${describe(report)}`
      faults.push({ kind: 'refused', table: '', request: request.number, text })
    }
  }
  for (const [key, { request, rows }] of found) {
    const [table = ''] = key.split(' ')
    const text = `${rows} rows of request ${request} are in ${table}, which got no items of it`
    faults.push({ kind: 'foreign', table, request, text })
  }
  const acknowledged = reports.filter(({ result }) => result.status === 'acknowledged')
  return {
    requests: reports.length,
    acknowledged: acknowledged.length,
    unacknowledged: reports.length - acknowledged.length,
    acknowledgedItems: acknowledged.reduce((sum, { request }) => sum + request.items, 0),
    retried: acknowledged.filter(({ result }) => result.attempts.length > 1).length,
    attempts: countAttempts(reports),
    storedUnacknowledged,
    faults,
  }
}

function countAttempts(reports: readonly LoadReport[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { said } of reports.flatMap(({ result }) => result.attempts)) {
    // Without addresses and times.
    const how = (said.split(/[,.]/)[0] ?? '').replaceAll(/\d+\.\d+\S*|:\d{4,5}|\d+ ms/g, '')
    counts.set(how, (counts.get(how) ?? 0) + 1)
  }
  return counts
}

function indexStored(stored: Stored): Map<string, StoredItems> {
  const found = new Map<string, StoredItems>()
  for (const [table, requests] of stored) {
    for (const items of requests) found.set(`${table} ${items.request}`, items)
  }
  return found
}

function compare(
  report: LoadReport,
  expected: TableItems,
  actual: StoredItems | undefined,
  isAcknowledged: boolean,
): Fault[] {
  const { table } = expected
  const request = report.request.number
  const fault = (kind: Fault['kind'], text: string): Fault => ({
    kind,
    table,
    request,
    text: `${text}; ${describe(report)}`,
  })
  if (actual === undefined) {
    if (!isAcknowledged) return []
    return [fault('lost', `all ${expected.items} rows are missing in ${table}`)]
  }
  const faults: Fault[] = []
  const missing = expected.items - actual.items
  if (isAcknowledged && missing > 0) {
    faults.push(fault('lost', `${missing} of ${expected.items} rows are missing in ${table}`))
  }
  if (actual.rows > actual.items) {
    const more = actual.rows - actual.items
    faults.push(fault('doubled', `${more} rows too many of ${expected.items} in ${table}`))
  }
  if (actual.mixed > 0) faults.push(fault('mixed', `${actual.mixed} rows are mixed in ${table}`))
  if (actual.first < expected.first || actual.last > expected.last || missing < 0) {
    const text = `items ${actual.first} to ${actual.last} in ${table}, wanted ${expected.first} to ${expected.last}`
    faults.push(fault('foreign', text))
  }
  return faults
}

/** A request's story, with times to look up in the service's log. */
function describe({ client, request, result }: LoadReport): string {
  const tries = result.attempts.map(({ startMs, endMs, said }) => {
    const at = new Date(startMs).toISOString().slice(11)
    return `    ${at} + ${endMs - startMs} ms: ${said}`
  })
  return [
    `${result.status} ${request.signal} request ${request.number} with items ${request.firstItem} to ${request.firstItem + request.items - 1} of client ${client}, tries:`,
    ...tries,
  ].join('\n')
}
