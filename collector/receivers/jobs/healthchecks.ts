// The ping addresses of Healthchecks: /ping/<key>/<slug> or /ping/<uuid>, then nothing for success,
// /start, /fail, /log, or an exit status. Answers are lines of text, as its clients show them.
import type { Access, Exchange, Reply, Route } from '@wayward/base'
import type { CollectorLimits } from '../../limits.ts'
import type { JobReport } from '../../jobs/job-report.ts'
import { type JobBodyParts, readOutput } from './job-body.ts'
import type { JobDesk } from './job-desk.ts'
import { JobProblem } from './job-problem.ts'
import { ownerOf } from './key-access.ts'

export interface PingParts extends JobBodyParts {
  readonly desk: JobDesk
  readonly access: Access
  readonly limits: CollectorLimits
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const exitStatusMax = 255
const signals: ReadonlyMap<string, Pick<JobReport, 'kind' | 'result'>> = new Map([
  ['', { kind: 'end', result: 'success' }],
  ['start', { kind: 'start' }],
  ['fail', { kind: 'end', result: 'failure' }],
  ['log', { kind: 'note' }],
])

/** The addresses. */
export function createPingRoutes(parts: PingParts): readonly Route[] {
  return ['/ping/:key', '/ping/:key/:slug', '/ping/:key/:slug/:signal'].map((path) => ({
    path,
    methods: ['GET', 'HEAD', 'POST'],
    // The key is in the address.
    isOpen: true,
    takesBody: true,
    handle: (exchange: Exchange) => ping(exchange, parts),
  }))
}

async function ping(exchange: Exchange, parts: PingParts): Promise<Reply> {
  const { parameters, query } = exchange
  const { key, name, signal } = toAddress(parameters)
  const owner = ownerOf(exchange, key, parts.access)
  const reported = readSignal(signal)
  const runId = readRunId(query.get('rid'))
  const output = await readOutput(exchange, parts)
  const isNote = reported.kind !== 'end'
  const { isNew, verdict } = await parts.desk.report(
    {
      name,
      service: query.get('service') ?? undefined,
      owner,
      mayCreate: query.get('create') === '1',
    },
    {
      ...reported,
      source: 'healthchecks',
      runId,
      ...(isNote ? { message: output } : { output }),
    },
  )
  const headers = { 'Ping-Body-Limit': String(parts.limits.jobOutputBytesMax) }
  if (verdict.kind === 'conflict') throw new JobProblem(409, 'conflict', verdict.note)
  return {
    status: isNew ? 201 : 200,
    contentType: 'text/plain; charset=utf-8',
    body: isNew ? 'Created' : 'OK',
    headers,
  }
}

/** A check is known by its UUID alone, or by its key and its slug. */
function toAddress(parameters: Readonly<Record<string, string>>): {
  readonly key: string
  readonly name: string
  readonly signal: string
} {
  const { key = '', signal = '', slug } = parameters
  const isCheck =
    uuidPattern.test(key) && (slug === undefined || signals.has(slug) || /^\d+$/.test(slug))
  if (isCheck && signal === '') return { key, name: key.toLowerCase(), signal: slug ?? '' }
  if (slug !== undefined) return { key, name: slug, signal }
  const message = `"${key}" is no UUID of a check; send to /ping/<key>/<slug> or /ping/<uuid>`
  throw new JobProblem(404, 'unknown_job', message)
}

function readSignal(signal: string): Pick<JobReport, 'kind' | 'result' | 'exitCode'> {
  const known = signals.get(signal)
  if (known !== undefined) return known
  const exitCode = Number(signal)
  if (/^\d{1,3}$/.test(signal) && exitCode <= exitStatusMax) {
    return { kind: 'end', result: exitCode === 0 ? 'success' : 'failure', exitCode }
  }
  const message = `"${signal}" is no signal; send start, fail, log, or an exit status of 0 to 255`
  throw new JobProblem(400, 'wrong_field', message)
}

function readRunId(rid: string | null): string | undefined {
  if (rid === null) return undefined
  if (uuidPattern.test(rid)) return rid.toLowerCase()
  const message = `rid is "${rid.slice(0, 80)}"; send a UUID`
  throw new JobProblem(400, 'wrong_field', message, {
    errors: [{ field: 'rid', seen: JSON.stringify(rid.slice(0, 80)), wanted: 'a UUID' }],
  })
}
