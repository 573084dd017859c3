// How long waits, holds, items or runs were: a histogram for each state, with quantiles.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { Chart } from '../charts/chart.tsx'
import { formatCount, formatDuration } from '../format.ts'

const looks: Readonly<Record<string, string>> = {
  waiting: 'wait',
  held: 'held',
  queued: 'queued',
  processing: 'busy',
  running: 'busy',
  failed: 'bad',
}

/** All of them, those who wait first. */
export function Distribution({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const answered = useAnswer<Table>('distribution', asked)
  return (
    <Shown answered={answered} what="how long it took">
      {({ rows, sql }) => (
        <>
          <div class="charts">
            {Object.keys(looks)
              .filter((kind) => rows.some((row) => row['state'] === kind))
              .map((kind) => (
                <Lengths state={kind} rows={rows.filter((row) => row['state'] === kind)} />
              ))}
          </div>
          <Sql sql={sql} />
        </>
      )}
    </Shown>
  )
}

const wanted = [0.5, 0.95, 0.99] as const
/** Bars for each doubling, as the question divides it. */
const stepsOfDoubling = 4

/** A bar for each quarter of a doubling, also for those that nothing was as long as. */
function Lengths({ rows, state: look }: { readonly state: string; readonly rows: readonly Row[] }) {
  const stepOf = (ns: unknown): number =>
    Math.round(Math.log2(Math.max(1, Number(ns))) * stepsOfDoubling)
  // Some room at both ends, so that a single length is no wall.
  const first = stepOf(rows[0]?.['shortest_ns']) - 2
  const last = stepOf(rows.at(-1)?.['shortest_ns']) + 2
  const counts = Array.from({ length: last - first + 1 }, () => 0)
  for (const row of rows) {
    const place = stepOf(row['shortest_ns']) - first
    counts[place] = (counts[place] ?? 0) + Number(row['count'])
  }
  const total = counts.reduce((sum, count) => sum + count, 0)
  const sumNs = rows.reduce((sum, row) => sum + Number(row['sum_ns']), 0)
  const lengthOf = (place: number): string =>
    formatDuration(2 ** ((first + place) / stepsOfDoubling))
  const marks = wanted.map((share) => {
    const place = placeOfQuantile(counts, share * total)
    return { place, name: `p${share * 100} ${lengthOf(place)}` }
  })
  return (
    <Chart
      title={`${look}: ${formatCount(total)}, mean ${formatDuration(sumNs / Math.max(1, total))}`}
      series={[{ name: look, look: looks[look] ?? 'busy', form: 'bar', values: counts }]}
      places={counts.length}
      formatPlace={(place) => `${lengthOf(place)} – ${lengthOf(place + 1)}`}
      formatTick={lengthOf}
      formatValue={formatCount}
      marks={marks}
    />
  )
}

/** Within a bar lengths are taken to lie evenly. */
function placeOfQuantile(counts: readonly number[], wantedCount: number): number {
  let before = 0
  for (const [place, count] of counts.entries()) {
    if (count > 0 && before + count >= wantedCount) return place + (wantedCount - before) / count
    before += count
  }
  return counts.length
}
