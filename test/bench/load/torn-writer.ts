// Writes doubles whose two halves are the same, one after the other and as fast as it can, until it
// is killed: torn-writer <folder> <fields>
import { createStats, double } from '@wayward/mmstats'

const [, , path = '.', count] = process.argv
// Labels of all lengths: the values lie at all offsets, also over the borders of cache lines.
const fields = Object.fromEntries(
  Array.from({ length: Number(count) }, (_, index) => [`f${'x'.repeat(index)}`, double()]),
)
const stats = createStats(fields, { path, filename: 'torn', defaults: false })
console.log(stats.filename)
const all = Object.values(fields)
const halves = new Int32Array(2)
const whole = new Float64Array(halves.buffer)
for (let number = 0; ; number = (number + 1) & 0x3fffffff) {
  halves[0] = number
  halves[1] = number
  const value = whole[0] ?? 0
  for (const field of all) field.value = value
}
