// A script that takes its time and says how far it is: while it runs, look from outside with
//   wayward mmstats poll -p copy. files,bytes <the file that it prints>
// and after it was killed, see how far it came with `wayward mmstats slurp`.
import { setTimeout as sleep } from 'node:timers/promises'
import { counter, createStats, double, string, timer, uint } from '@wayward/mmstats'

const total = Number(process.argv[2] ?? 200)
const stats = createStats(
  {
    files: counter(),
    bytes: counter(),
    total: uint(),
    share: double(),
    now: string(),
    file: timer(),
  },
  { prefix: 'copy.' },
)
stats.total.value = total
console.log(stats.filename)

for (let index = 1; index <= total; index++) {
  stats.now.value = `part-${index}.dat`
  await stats.file.time(() => sleep(20))
  stats.files.increment()
  stats.bytes.increment(4096 * (index % 7))
  stats.share.value = index / total
}
stats.remove()
