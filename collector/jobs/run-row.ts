import type { EndedRun, Flaw, ReportSource, RunResult, RunTrigger } from './job-state.ts'

/** A run as sql/runs.sql gives it: what is not there is empty or 0. */
export interface RunRow {
  readonly id: string
  readonly startMs: number
  readonly endMs: number
  readonly result: RunResult
  readonly source: string
  readonly dueMs: number
  readonly deadlineMs: number
  readonly exitCode: number
  readonly attempt: number
  readonly trigger: string
  readonly workerId: string
  readonly output: string
  readonly message: string
  readonly metrics: Readonly<Record<string, number>>
  readonly flaws: readonly Flaw[]
  readonly cpuNs: string
  readonly memoryBytes: string
  readonly readBytes: string
  readonly writtenBytes: string
  readonly traceId: string
  readonly spanId: string
}

/** The run of a row. */
export function readRunRow(row: RunRow): EndedRun {
  const usage = {
    cpuNs: given(Number(row.cpuNs)),
    memoryBytes: given(Number(row.memoryBytes)),
    readBytes: given(Number(row.readBytes)),
    writtenBytes: given(Number(row.writtenBytes)),
  }
  return {
    id: row.id,
    startMs: row.startMs,
    endMs: row.endMs,
    result: row.result,
    // Runs of the SDK name no words: they came as spans.
    source: (row.source || 'api') as ReportSource,
    dueMs: given(row.dueMs),
    deadlineMs: given(row.deadlineMs),
    exitCode: given(row.exitCode),
    attempt: given(row.attempt),
    trigger: given(row.trigger) as RunTrigger | undefined,
    workerId: given(row.workerId),
    output: given(row.output),
    message: given(row.message),
    metrics: Object.keys(row.metrics).length === 0 ? undefined : row.metrics,
    flaws: row.flaws.length === 0 ? undefined : row.flaws,
    usage: Object.values(usage).every((value) => value === undefined) ? undefined : usage,
  }
}

function given<Value extends string | number>(value: Value): Value | undefined {
  return value === '' || value === 0 ? undefined : value
}
