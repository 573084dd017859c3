// `npm run bench:peers [-- tiny]`: measures Wayward and the OpenTelemetry Collector and prints a
// table. Without Go there is only Wayward in it.
import { cpus, totalmem } from 'node:os'
import { buildOtelcol } from './otelcol.ts'
import { measurePeer, otelcol, type PeerResult, peerSizes, wayward } from './peers.ts'

const [size = 'full', ...only] = process.argv.slice(2)
if (size !== 'full' && size !== 'tiny') {
  console.error(
    `Unknown size "${size}"; wanted "full" or "tiny", then names of contenders if not all`,
  )
  process.exit(2)
}
const program = buildOtelcol()
const contenders = [
  ...['memory', 'os', 'fsync'].map((durability) => wayward(durability)),
  ...(program === undefined
    ? []
    : (['memory', 'file', 'fsync'] as const).map((queue) => otelcol(program, queue))),
].filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)))

const machine = `node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}`
console.log(`${machine}, ${Math.round(totalmem() / 2 ** 30)} GiB\n`)
console.log(
  '| collector | spans/s | acknowledged after, median / 99 % | CPU s per million spans: collector | engine | resident, highest | bytes per span on disk | rows lost / doubled |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
for (const contender of contenders) console.log(row(await measurePeer(contender, peerSizes[size])))
process.exit(0)

function row(result: PeerResult): string {
  const number = (value: number, digits = 0): string =>
    value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })
  return `| ${[
    result.name,
    number(result.spansPerSecond),
    `${number(result.ackMs.p50)} / ${number(result.ackMs.p99)} ms`,
    number(result.collectorCpu, 1),
    number(result.engineCpu, 1),
    `${number(result.collectorMib)} MiB`,
    number(result.bytesPerSpan),
    `${number(result.lost)} / ${number(result.doubled)} of ${result.kills} kills`,
  ].join(' | ')} |`
}
