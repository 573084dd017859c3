// The retry rules of OpenTelemetry's OTLP exporters (the Collector's exporterhelper, and the
// specification), with their times scaled down: first pause 100 ms (5 s), at most 600 ms (30 s),
// given up after 30 s (300 s) or sooner; one try takes at most 2 s (10 s). Some clients are made to
// stop waiting after 50 ms, so that many answers come too late.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../collector/decode/random.ts'
import type { CrashSignal } from './crash-request.ts'
import type { Attempt, Transport } from './transports.ts'

export interface ExporterPolicy {
  readonly attemptTimeoutMs: number
  readonly giveUpMs: number
  /** How often a client destroys its connection right after sending. */
  readonly breakChance: number
}

/** One try, for the report. */
interface AttemptRecord {
  /** Unix milliseconds. */
  readonly startMs: number
  readonly endMs: number
  readonly said: string
}

/**
 * - `acknowledged`: each item must be stored exactly once.
 * - `unacknowledged`: the client gave up; at most once.
 * - `refused`: the service told the client not to try again; at most once, and a fault in this
 *   test.
 */
export interface ExportResult {
  readonly status: 'acknowledged' | 'unacknowledged' | 'refused'
  readonly attempts: readonly AttemptRecord[]
}

const pauseMsFirst = 100
const pauseMsMax = 600
const pauseGrowth = 1.5
const jitterFraction = 0.5
const breakAfterMsMax = 30

/** Sends the same bytes until they are acknowledged, refused, or the time is up. */
export async function exportRequest(
  transport: Transport,
  signal: CrashSignal,
  body: Buffer,
  policy: ExporterPolicy,
  random: Random,
): Promise<ExportResult> {
  const attempts: AttemptRecord[] = []
  const endMs = Date.now() + policy.giveUpMs
  for (let pauseMs = pauseMsFirst; ; pauseMs = Math.min(pauseMs * pauseGrowth, pauseMsMax)) {
    const startMs = Date.now()
    const isBroken = random.chance(policy.breakChance)
    const attempt = await transport.send(signal, body, {
      timeoutMs: policy.attemptTimeoutMs,
      breakAfterMs: isBroken ? random.below(breakAfterMsMax) : undefined,
    })
    attempts.push({ startMs, endMs: Date.now(), said: sayAttempt(attempt) })
    if (attempt.status === 'accepted') return { status: 'acknowledged', attempts }
    if (attempt.status === 'refused') return { status: 'refused', attempts }
    const jitter = 1 - jitterFraction + (random.below(1000) / 1000) * 2 * jitterFraction
    const waitMs = Math.max(pauseMs * jitter, attempt.retryAfterMs ?? 0)
    if (Date.now() + waitMs > endMs) return { status: 'unacknowledged', attempts }
    await sleep(waitMs)
  }
}

function sayAttempt(attempt: Attempt): string {
  if (attempt.status === 'accepted') return 'accepted'
  const after =
    attempt.status === 'retryable' && attempt.retryAfterMs !== undefined
      ? `, again after ${attempt.retryAfterMs} ms`
      : ''
  return `${attempt.status}: ${attempt.reason}${after}`
}
