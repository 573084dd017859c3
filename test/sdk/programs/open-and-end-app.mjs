// Begins one of everything that is reported while it is open, and ends it when the test says so.
import { createInterface } from 'node:readline'
import { context, trace, TraceFlags } from '@opentelemetry/api'
import { register } from '@wayward/sdk'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const registration = register({
  snapshots: { thresholdMs: 0, intervalMs: 200 },
  shutdownMsMax: 2000,
})
const { reporter } = registration
const parent = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: process.env.TEST_PARENT === 'unsampled' ? TraceFlags.NONE : TraceFlags.SAMPLED,
  isRemote: true,
}
await context.with(trace.setSpanContext(context.active(), parent), async () => {
  const lock = reporter.lock({ name: 'cart' })
  const hold = lock.request().granted()
  const request = lock.request()
  const queue = reporter.queue({ name: 'mails', concurrency: 2 })
  const waiting = queue.enqueued()
  const processing = queue.enqueued().dequeued()
  const run = reporter.job({ name: 'report' }).start()
  const attempt = run.startAttempt()
  reporter.snapshot()
  await registration.forceFlush()
  console.log('open')
  await lines.next()
  for (let index = 0; index < Number(process.env.TEST_FLOOD ?? 0); index++) {
    reporter.zone('flood', () => reporter.log({ body: `flood ${index}` }))
  }
  hold.released()
  request.granted().released()
  waiting.dequeued().done()
  processing.done()
  attempt.ended('success')
  run.ended('success')
})
await registration.forceFlush({ timeoutMs: 1000 })
console.log('ended')
await lines.next()
await registration.shutdown()
console.log(registration.droppedCount)
process.exit(0)
