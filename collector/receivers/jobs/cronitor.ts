// The telemetry address of Cronitor: /p/<key>/<monitor>?state=run|complete|fail&series=&metric=
import type { Exchange, Reply, Route } from '@wayward/base'
import type { JobReport } from '../../jobs/job-report.ts'
import { readOutput } from './job-body.ts'
import { JobProblem } from './job-problem.ts'
import { ownerOf } from './key-access.ts'
import type { PingParts } from './healthchecks.ts'

const states: ReadonlyMap<string, Pick<JobReport, 'kind' | 'result'>> = new Map([
  ['run', { kind: 'start' }],
  ['complete', { kind: 'end', result: 'success' }],
  ['fail', { kind: 'end', result: 'failure' }],
  // Says that all is well, as does a beat without a state.
  ['ok', { kind: 'end', result: 'success' }],
  ['tick', { kind: 'end', result: 'success' }],
])
const textLengthMax = 2_000
const seriesLengthMax = 200
const metricsMax = 50

/** The addresses. */
export function createCronitorRoutes(parts: PingParts): readonly Route[] {
  return ['/p/:key/:monitor', '/p/:key/:monitor/:state'].map((path) => ({
    path,
    methods: ['GET', 'HEAD', 'POST'],
    isOpen: true,
    takesBody: true,
    handle: (exchange: Exchange) => telemetry(exchange, parts),
  }))
}

async function telemetry(exchange: Exchange, parts: PingParts): Promise<Reply> {
  const { parameters, query } = exchange
  const owner = ownerOf(exchange, parameters['key'] ?? '', parts.access)
  const report = toReport(query, parameters['state'])
  // What stands in a body is not read by Cronitor; it must be taken all the same.
  const output = await readOutput(exchange, parts)
  const { isNew, verdict } = await parts.desk.report(
    {
      name: parameters['monitor'] ?? '',
      service: query.get('service') ?? undefined,
      owner,
      mayCreate: true,
    },
    { ...report, ...(report.kind === 'end' ? { output } : {}) },
  )
  if (verdict.kind === 'conflict') throw new JobProblem(409, 'conflict', verdict.note)
  return {
    status: isNew ? 201 : 200,
    contentType: 'text/plain; charset=utf-8',
    body: 'OK',
  }
}

function toReport(
  query: URLSearchParams,
  pathState: string | undefined,
): Omit<JobReport, 'receivedMs'> {
  const state = query.get('state') ?? pathState ?? 'tick'
  const known = states.get(state)
  if (known === undefined) {
    const errors = [
      {
        field: 'state',
        seen: JSON.stringify(state.slice(0, 80)),
        wanted: [...states.keys()].join(', '),
      },
    ]
    const message = `state is "${state.slice(0, 80)}"; send one of ${[...states.keys()].join(', ')}`
    throw new JobProblem(400, 'wrong_field', message, { errors })
  }
  const seconds = readNumber(query, 'stamp')
  const durationSeconds = readNumber(query, 'duration')
  const statusCode = readNumber(query, 'status_code')
  return {
    ...known,
    source: 'cronitor',
    runId: query.get('series')?.slice(0, seriesLengthMax) ?? undefined,
    timeMs: seconds === undefined ? undefined : seconds * 1000,
    durationMs: durationSeconds === undefined ? undefined : durationSeconds * 1000,
    exitCode: statusCode === undefined ? undefined : Math.trunc(statusCode),
    message: (query.get('message') ?? query.get('msg') ?? undefined)?.slice(0, textLengthMax),
    host: query.get('host')?.slice(0, seriesLengthMax) ?? undefined,
    metrics: readMetrics(query.getAll('metric')),
  }
}

function readMetrics(texts: readonly string[]): Readonly<Record<string, number>> | undefined {
  if (texts.length === 0) return undefined
  const metrics: Record<string, number> = {}
  for (const text of texts.slice(0, metricsMax)) {
    const cut = text.lastIndexOf(':')
    const value = Number(text.slice(cut + 1))
    if (cut < 1 || text.endsWith(':') || !Number.isFinite(value)) {
      const seen = JSON.stringify(text.slice(0, 80))
      const errors = [{ field: 'metric', seen, wanted: 'name:number' }]
      throw new JobProblem(400, 'wrong_field', `metric is ${seen}; send name:number`, { errors })
    }
    metrics[text.slice(0, cut)] = value
  }
  return metrics
}

function readNumber(query: URLSearchParams, field: string): number | undefined {
  const text = query.get(field)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (Number.isFinite(value) && Math.abs(value) < 1e12) return value
  const seen = JSON.stringify(text.slice(0, 80))
  const errors = [{ field, seen, wanted: 'a number' }]
  throw new JobProblem(400, 'wrong_field', `${field} is ${seen}; send a number`, { errors })
}
