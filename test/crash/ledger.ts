import { pointTables } from './crash-request.ts'
import type { LoadReport } from './load.ts'

/** All requests of a run that are over. */
export interface Ledger {
  add(report: LoadReport): void
  readonly reports: readonly LoadReport[]
  /** Calls back once, at the next acknowledgement. */
  onAcknowledgement(callback: () => void): void
}

export function createLedger(): Ledger {
  const reports: LoadReport[] = []
  let callbacks: (() => void)[] = []
  return {
    reports,
    add(report) {
      reports.push(report)
      if (report.result.status !== 'acknowledged') return
      const now = callbacks
      callbacks = []
      for (const callback of now) callback()
    },
    onAcknowledgement: (callback) => void callbacks.push(callback),
  }
}

/**
 * Where a request's items go: the numbers of the first and the last and how many, for each table.
 */
export interface TableItems {
  readonly table: string
  readonly items: number
  readonly first: number
  readonly last: number
}

export function itemsByTable({ request }: LoadReport): TableItems[] {
  const { signal, firstItem, items, isLockHolds } = request
  const all = { items, first: firstItem, last: firstItem + items - 1 }
  if (signal === 'logs') return [{ table: 'otel_logs', ...all }]
  if (signal === 'traces') {
    const tables = isLockHolds ? ['otel_traces', 'wayward_lock_holds'] : ['otel_traces']
    return tables.map((table) => ({ table, ...all }))
  }
  return pointTables.flatMap((table, kind) => {
    const count = Math.ceil((items - kind) / pointTables.length)
    if (count <= 0) return []
    const first = firstItem + kind
    return [{ table, items: count, first, last: first + (count - 1) * pointTables.length }]
  })
}
