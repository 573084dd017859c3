// A lock, a queue or a job over time: how long, how many, and how many were waiting.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row } from '../ask.ts'
import {
  type BucketedTable,
  bucketsOf,
  placeNamer,
  rangeChooser,
  tickNamer,
} from '../charts/buckets.ts'
import { Chart, type Series } from '../charts/chart.tsx'
import { formatCount, formatDuration } from '../format.ts'
import type { Kind } from './subjects.tsx'

const buckets = 100

interface Words {
  readonly busy: readonly string[]
  readonly waits: readonly string[]
  readonly look: string
  readonly busyName: string
  readonly arrived: string
  readonly left: string
}

const wordsOf: Readonly<Record<Kind, Words>> = {
  lock: {
    busy: ['held'],
    waits: ['waiting'],
    look: 'held',
    busyName: 'holds, longest',
    arrived: 'had to wait',
    left: 'were granted or gave up',
  },
  queue: {
    busy: ['processing', 'failed'],
    waits: ['queued'],
    look: 'busy',
    busyName: 'runs, longest',
    arrived: 'arrived',
    left: 'were taken',
  },
  job: {
    busy: ['running', 'failed'],
    waits: ['queued'],
    look: 'busy',
    busyName: 'runs, longest',
    arrived: 'were due',
    left: 'began',
  },
}

/** The charts; dragging in one makes that time what is looked at. */
export function Progress({
  asked,
  kind,
}: {
  readonly asked: Readonly<Record<string, string>>
  readonly kind: Kind
}) {
  const answered = useAnswer<BucketedTable>('progress', { ...asked, buckets: String(buckets) })
  return (
    <Shown answered={answered} what="what happened over time">
      {(table) =>
        table.rows.length === 0 ? (
          <p class="empty">Nothing of it in this time. A longer time range may have some.</p>
        ) : (
          <>
            <Charts table={table} kind={kind} />
            <Sql sql={table.sql} />
          </>
        )
      }
    </Shown>
  )
}

function Charts({ kind, table }: { readonly table: BucketedTable; readonly kind: Kind }) {
  const { rows } = table
  const { arrived, busy, busyName, left, look, waits } = wordsOf[kind]
  const times = bucketsOf(table)
  const of = (states: readonly string[], key: string): readonly number[] =>
    sumsOf(rows, states, key)
  const series = (
    name: string,
    colour: string,
    form: Series['form'],
    values: Series['values'],
  ) => ({
    name,
    look: colour,
    form,
    values,
  })
  const [begunWaits, endedWaits] = [of(waits, 'began'), of(waits, 'ended')]
  const hasWaits = begunWaits.some((count) => count > 0)
  const common = {
    places: buckets,
    formatPlace: placeNamer(times),
    formatTick: tickNamer(times),
    onChoose: rangeChooser(times),
  }
  return (
    <div class="charts">
      <Chart
        {...common}
        title="Longest over time"
        series={[
          series('waits, longest', 'wait', 'line', known(of(waits, 'max_ns'))),
          series(busyName, look, 'line', known(of(busy, 'max_ns'))),
        ]}
        formatValue={formatDuration}
      />
      <Chart
        {...common}
        title={kind === 'lock' ? 'Holds' : 'Runs'}
        series={[
          series('began', look, 'bar', of(busy, 'began')),
          series('failed', 'bad', 'bar', of(['failed'], 'began')),
        ].filter(({ values }) => values.some((value) => (value ?? 0) > 0))}
        formatValue={formatCount}
      />
      {hasWaits && (
        <>
          <Chart
            {...common}
            title={kind === 'queue' ? 'Arrivals and departures' : 'Waits'}
            series={[
              series(arrived, 'queued', 'bar', begunWaits),
              series(left, 'busy', 'bar', endedWaits),
            ]}
            formatValue={formatCount}
          />
          <Chart
            {...common}
            title={kind === 'queue' ? 'Backlog' : 'Waiting at once'}
            series={[series('waiting', 'wait', 'bar', openOf(begunWaits, endedWaits))]}
            formatValue={formatCount}
          />
        </>
      )}
    </div>
  )
}

/** Where nothing began there is no length. */
function known(values: readonly number[]): readonly (number | undefined)[] {
  return values.map((value) => (value === 0 ? undefined : value))
}

function sumsOf(rows: readonly Row[], states: readonly string[], key: string): readonly number[] {
  const sums = Array.from({ length: buckets }, () => 0)
  for (const row of rows) {
    const place = Number(row['bucket'])
    if (!states.includes(String(row['state']))) continue
    const value = Number(row[key])
    sums[place] = key === 'max_ns' ? Math.max(sums[place] ?? 0, value) : (sums[place] ?? 0) + value
  }
  return sums
}

/** How many there are at the end of each part. */
function openOf(began: readonly number[], ended: readonly number[]): readonly number[] {
  let openNow = 0
  return began.map((count, place) => (openNow += count - (ended[place] ?? 0)))
}
