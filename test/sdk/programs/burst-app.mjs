// A burst of spans, and then nothing left to do: not even a shutdown.
import { register } from '@wayward/sdk'

const registration = register()
const lock = registration.reporter.lock({ name: 'hot' })
const end = performance.now() + Number(process.env.TEST_MS ?? 0)
let left = Number(process.env.TEST_COUNT ?? 0)
do {
  left -= 1000
  for (let index = 0; index < 1000; index++) lock.request().granted().released()
  await new Promise((resolve) => setTimeout(resolve, 10))
} while (left > 0 || performance.now() < end)
process.on('exit', () => {
  const rssMiB = process.memoryUsage().rss / 1048576
  console.log(JSON.stringify({ dropped: registration.droppedCount, rssMiB }))
})
