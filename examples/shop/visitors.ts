// The load: visitors who look at the products, think, and buy, again and again until the shop
// closes.
import { setTimeout as sleep } from 'node:timers/promises'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { createRandom } from './random.ts'

const visitorCount = 8
const thinkMsMin = 10
const thinkMsMax = 40
/** Visitors do not all come at once. */
const arrivalGapMs = 15

const tracer = trace.getTracer('visitors')

/** Lets the visitors in; resolves when the last has left. */
export async function runVisitors(url: string, openMs: number, seed: number): Promise<void> {
  const closesAt = performance.now() + openMs
  const visitors = Array.from({ length: visitorCount }, async (_, number) => {
    const random = createRandom(seed + number)
    await sleep(number * arrivalGapMs)
    while (performance.now() < closesAt) {
      await visit(url, 'GET', '/products')
      await sleep(thinkMsMin + random() * (thinkMsMax - thinkMsMin))
      await visit(url, 'POST', '/checkout')
    }
  })
  await Promise.all(visitors)
}

async function visit(url: string, method: string, path: string): Promise<void> {
  await tracer.startActiveSpan(`${method} ${path}`, { kind: SpanKind.CLIENT }, async (span) => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    try {
      const response = await fetch(url + path, { method, headers })
      await response.text()
    } finally {
      span.end()
    }
  })
}
