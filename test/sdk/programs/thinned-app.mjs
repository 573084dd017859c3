// Reports far more than anybody can read, at given times: ten seconds of locks and queues, the same
// at each run.
import { register } from '@wayward/sdk'

const registration = register({ recorder: true, snapshots: { intervalMs: 0 } })
const { reporter } = registration
const perSecond = Number(process.env.TEST_RATE)
const seconds = 10
const startNs = BigInt(process.env.TEST_START_NS)

let seed = 7
/**
 * From a half to 1, the same at each run: what is picked of lengths that differ more comes nearer
 * to their sum only where there is more of it.
 */
function random() {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return 0.5 + seed / 2_147_483_648 / 2
}

const outer = reporter.lock({ name: 'outer' })
const inner = reporter.lock({ name: 'inner' })
const pool = reporter.lock({ name: 'pool', type: 'pool', capacity: 4 })
const mails = reporter.queue({ name: 'mails', concurrency: 8 })

const partNs = 1e9 / perSecond / 10

/** Moments of what begins at `now` and has ended before the next begins. */
function momentsFrom(now) {
  return (parts) => ({ timeNs: now + BigInt(Math.round(parts * partNs)) })
}

async function step(now) {
  const at = momentsFrom(now)
  const outerHold = outer.acquired(at(0))
  // The same task goes on.
  await Promise.resolve()
  inner.acquired(at(0.5)).released(at(0.5 + random() / 2))
  outerHold.released(at(1 + random() * 2))
  pool.acquired({ ...at(3), permits: 1 }).released(at(3 + random() * 3))
  mails
    .enqueued(at(6))
    .dequeued(at(6 + random()))
    .done(at(7 + random() * 2))
}

/** A request that waits for the hold of another: both are told. */
function contend(now) {
  const at = momentsFrom(now)
  const hold = outer.acquired(at(0))
  const request = outer.request(at(1))
  hold.released(at(3))
  request.granted(at(3)).released(at(4))
}

const count = perSecond * seconds
for (let index = 0; index < count; index++) {
  const now = startNs + (BigInt(index) * 1_000_000_000n) / BigInt(perSecond)
  if (index % 1000 === 999) contend(now)
  else await step(now)
  // Whoever reads is given the time to.
  if (index % 1000 === 0) await registration.forceFlush()
}
await registration.forceFlush()
const { droppedCount, recordedCount, thinnedCount } = registration
await registration.shutdown()
console.log(
  JSON.stringify({ dropped: droppedCount, recorded: recordedCount, thinned: thinnedCount }),
)
