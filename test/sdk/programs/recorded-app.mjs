// Reports one of everything that can be recorded, at given times, so that two runs can be compared.
import { setTimeout as sleep } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { register } from '@wayward/sdk'

const registration = register({
  serviceName: 'recorded',
  snapshots: { intervalMs: 200, thresholdMs: 100 },
})
const { reporter } = registration
let now = 1_795_244_399_123_456_789n
const at = (stepNs = 1_000_003n) => ({ timeNs: (now += stepNs) })

function locks() {
  const table = reporter.lock({ name: 'table', id: 'db/orders', type: 'database', scope: 'host' })
  const rows = reporter.lock({ name: 'rows ü €', type: 'semaphore', mode: 'shared', capacity: 3 })
  const outer = table.request(at()).granted(at())
  const inner = rows.request({ ...at(), permits: 2 }).granted(at())
  const waits = reporter.task('writer', () => {
    const refused = table.request(at())
    const late = table.request({ ...at(), timeoutNs: 2_500_000.5 })
    refused.refused(at())
    late.timedOut(at())
    return table.request({ ...at(), mode: 'shared' })
  })
  inner.released(at())
  outer.released(at())
  waits.granted(at()).released(at())
  rows.request({ ...at(), permits: 0.5 }).cancelled(at())
}

function queues() {
  const mails = reporter.queue({
    name: 'mails',
    capacity: 100,
    concurrency: 2,
    hasEnqueueSpans: true,
  })
  const first = mails.enqueued({ ...at(), name: 'welcome', priority: -3 })
  const second = mails.enqueued({ ...at(), id: 'order/4711-ü', size: 12 })
  const third = mails.enqueued({ ...at(), id: '0042' })
  const running = first.dequeued(at())
  running.run(() => reporter.zone('render', () => undefined, at()))
  running.done(at())
  second.dequeued(at()).failed(new TypeError('no address'), at())
  third.removed('expired', at())
  const plain = reporter.queue({ name: 'plain', concurrency: Number.POSITIVE_INFINITY })
  plain.enqueued(at()).dequeued(at()).done(at())
}

function zones() {
  const zone = reporter.startZone('outer', at())
  zone.run(() => {
    const hold = reporter.lock({ name: 'within' }).request(at()).granted(at())
    hold.run(() => trace.getTracer('app').startSpan('child of the hold').end())
    hold.released(at())
    // Somebody stands in the way of what asks within a zone, with a lock held.
    const taken = reporter.lock({ name: 'taken by another' })
    const other = reporter.task('other', () => taken.request(at()).granted(at()))
    const own = reporter.lock({ name: 'own' }).request(at()).granted(at())
    const request = taken.request(at())
    reporter.log({ body: 'within', ...at() })
    other.released(at())
    request.granted(at()).released(at())
    own.released(at())
  })
  zone.end({ ...at(), error: new RangeError('too far') })
  reporter.startZone('with attributes', { ...at(), attributes: { size: 3 } }).end(at())
}

locks()
queues()
zones()
trace.getTracer('app').startActiveSpan('request', (span) => {
  locks()
  queues()
  zones()
  span.end()
})
// Whoever sends it is there by now.
await registration.forceFlush()
// Open for longer than the threshold; one ends, one is abandoned, one stays.
const held = reporter.lock({ name: 'long' }).request().granted()
const gone = reporter.lock({ name: 'gone' })
gone.request().granted()
const queue = reporter.queue({ name: 'stuck' })
queue.enqueued({ id: 'stays' })
const waiting = reporter.lock({ name: 'taken' })
waiting.request().granted()
reporter.task('asker', () => waiting.request())
await sleep(500)
held.released()
gone.abandon()
await sleep(300)
await registration.shutdown()
console.log(registration.status, registration.droppedCount, reporter.swallowedCount)
