// Goal: changes are whole OTLP requests. Method: what the encoder wrote is read back by the reader
// of the wire, which knows nothing of it.
import { type AnyValue, decode, exportLogsRequest, exportTraceRequest } from '@wayward/otlp'
import { describe, expect, test } from 'vitest'
import type { JobChange } from '@wayward/collector/jobs/job-change'
import { createChangeEncoder } from '@wayward/collector/jobs/job-export'
import type { EndedRun, OpenRun } from '@wayward/collector/jobs/job-state'

const atMs = Date.UTC(2026, 10, 28, 10, 0, 0, 250)
const parent = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) }

function change(more: Partial<JobChange>): JobChange {
  return {
    service: 'jobs',
    name: 'nightly',
    sequence: 7,
    type: 'run_started',
    atMs,
    receivedMs: atMs + 0.5,
    status: 'running',
    statusBefore: 'up',
    source: 'api',
    runId: 'r1',
    ...more,
  }
}

const started: OpenRun = {
  id: 'r1',
  isNamed: true,
  startMs: atMs,
  seenMs: atMs,
  source: 'api',
  dueMs: atMs - 1_000,
  host: 'größte Maschine '.repeat(20),
  parent,
}

const ended: EndedRun = {
  id: 'r1',
  startMs: atMs,
  endMs: atMs + 1_500.125,
  result: 'failure',
  source: 'api',
  exitCode: -1,
  output: 'x'.repeat(70_000),
  message: 'no space',
  metrics: { rows: 7 },
  usage: { cpuNs: 2 ** 50 },
  flaws: ['clock_corrected'],
  skewMs: -7_200_000,
}

const encoder = createChangeEncoder()
type Attributes = readonly { readonly key?: string; readonly value?: AnyValue }[] | undefined
const toMap = (attributes: Attributes) =>
  Object.fromEntries(
    (attributes ?? []).map(({ key, value }) => [key, Object.values(value ?? {})[0]]),
  )

describe('encode()', () => {
  test('a start is a change and a snapshot with one identity, under its caller', () => {
    const { logs, traces } = encoder.encode([change({ started })])
    expect(traces).toBeUndefined()
    const [group] = decode(exportLogsRequest, logs).resourceLogs ?? []
    expect(toMap(group?.resource?.attributes)).toEqual({
      'service.name': 'jobs',
      'wayward.session.id': 'jobs-http',
    })
    const [told, open, ...others] = group?.scopeLogs?.[0]?.logRecords ?? []
    expect(others).toEqual([])
    expect(told?.timeUnixNano).toBe(BigInt(atMs) * 1_000_000n)
    expect(told?.observedTimeUnixNano).toBe(BigInt(atMs) * 1_000_000n + 500_000n)
    expect(told?.body).toEqual({
      stringValue: 'Job "nightly": run started "r1", the job is running',
    })
    expect(toMap(told?.attributes)).toMatchObject({
      'wayward.job.change.sequence': 7n,
      'wayward.job.received_time': '2026-11-28T10:00:00.250500000Z',
    })
    for (const one of [told, open]) {
      expect(Buffer.from(one?.traceId ?? []).toString('hex')).toBe(parent.traceId)
    }
    expect(open?.spanId).toEqual(told?.spanId)
    expect(open?.eventName).toBe('wayward.operation.open')
    expect(toMap(open?.attributes)).toMatchObject({
      'host.name': started.host,
      'wayward.job.due_time': '2026-11-28T09:59:59.250000000Z',
      'wayward.operation.age': 0n,
    })
  })

  test('an end is a change, the end of the snapshots, and a span', () => {
    const { logs, traces } = encoder.encode([
      change({ type: 'run_ended', result: 'failure', ended }),
    ])
    const records = decode(exportLogsRequest, logs).resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords
    expect(records?.map(({ eventName }) => eventName)).toEqual([
      'wayward.job.change',
      'wayward.operation.ended',
    ])
    const [span] = decode(exportTraceRequest, traces ?? new Uint8Array()).resourceSpans?.[0]
      ?.scopeSpans?.[0]?.spans ?? [undefined]
    expect(span).toMatchObject({
      name: 'run nightly',
      startTimeUnixNano: BigInt(atMs) * 1_000_000n,
      endTimeUnixNano: BigInt(atMs) * 1_000_000n + 1_500_125_000n,
      status: { code: 2, message: 'no space' },
      spanId: records?.[1]?.spanId,
    })
    expect(toMap(span?.attributes)).toMatchObject({
      'wayward.job.result': 'failure',
      'error.type': 'failure',
      'wayward.job.exit_code': -1n,
      'wayward.job.output': ended.output,
      'wayward.job.metrics': '{"rows":7}',
      'wayward.job.cpu.time': BigInt(2 ** 50),
      'wayward.job.clock.skew': -7_200_000_000_000n,
      'wayward.job.flaws': { values: [{ stringValue: 'clock_corrected' }] },
    })
  })

  test('changes of several services are a group each, and earlier requests are left alone', () => {
    const first = encoder.encode([change({ name: 'a' })]).logs
    const copy = Uint8Array.from(first)
    const names = ['shop', 'jobs', 'shop'].map((service, index) =>
      change({ service, name: `n${index}`, runId: undefined }),
    )
    const groups = decode(exportLogsRequest, encoder.encode(names).logs).resourceLogs ?? []
    expect(
      groups.map(({ resource, scopeLogs }) => [
        toMap(resource?.attributes)['service.name'],
        scopeLogs?.[0]?.logRecords?.map(({ attributes }) => toMap(attributes)['wayward.job.name']),
      ]),
    ).toEqual([
      ['shop', ['n0', 'n2']],
      ['jobs', ['n1']],
    ])
    expect(first).toEqual(copy)
  })
})
