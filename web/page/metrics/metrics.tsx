// Metrics: pick one, group it, as values, rates or quantiles, with the traces that led to its values.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import { type Row, type Table, textOf } from '../ask.ts'
import {
  type BucketedTable,
  bucketsOf,
  placeNamer,
  rangeChooser,
  tickNamer,
} from '../charts/buckets.ts'
import { Chart, type Series } from '../charts/chart.tsx'
import { formatCount, formatQuantity, visible } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { open, show, state, windowOf } from '../view-state.ts'
import { quantileOf } from './quantile.ts'

const buckets = 120
const linesMax = 12
const looks = ['busy', 'wait', 'held', 'queued', 'bad', 'idle'] as const

/** The page of metrics. */
export function Metrics() {
  return <MetricsLike pattern={undefined} />
}

/** Those of memory: heaps, spaces and garbage collections. */
export function Memory() {
  return (
    <MetricsLike
      pattern={/memory|heap|\bgc\b|garbage|alloc|resident|\brss\b/i}
      empty="Nothing of memory has been reported: heaps, objects and garbage collections come as metrics, such as those of @opentelemetry/instrumentation-runtime-node."
    />
  )
}

function MetricsLike({
  empty = 'No metric has been reported in this time. OpenTelemetry SDKs send them to the same addresses as spans.',
  pattern,
}: {
  readonly pattern: RegExp | undefined
  readonly empty?: string
}) {
  const { session: _, ...window } = windowOf(state.value)
  const { name } = state.value
  const answered = useAnswer<Table>('metrics', window)
  return (
    <Shown answered={answered} what="metrics">
      {(table) => {
        const rows = table.rows.filter((row) => pattern?.test(String(row['metric'])) ?? true)
        const chosen = rows.find((row) => row['metric'] === name)
        return rows.length === 0 ? (
          <p class="empty">{empty}</p>
        ) : (
          <>
            {chosen !== undefined && <Metric row={chosen} />}
            {pattern !== undefined &&
              chosen === undefined &&
              rows.slice(0, 8).map((row) => <Metric row={row} isSmall />)}
            <SortedTable
              table={{ ...table, rows }}
              name="Metrics"
              headline={['metric', 'type', 'metric_unit', 'points', 'services', 'about']}
              open={(row) => show({ name: String(row['metric']), group: '', quantity: '' })}
            />
          </>
        )
      }}
    </Shown>
  )
}

const quantities = {
  value: 'values',
  rate: 'per second',
  mean: 'mean',
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
} as const
type Quantity = keyof typeof quantities

function choicesOf(type: string): readonly Quantity[] {
  if (type === 'sum') return ['rate', 'value']
  return type === 'histogram' ? ['p95', 'p50', 'p99', 'mean', 'rate'] : ['value']
}

function Metric({ isSmall = false, row }: { readonly row: Row; readonly isSmall?: boolean }) {
  const name = String(row['metric'])
  const choices = choicesOf(String(row['type']))
  const { group: asked, quantity: wanted } = state.value
  const keys = row['keys'] as readonly string[]
  const group = isSmall ? (keys.find((key) => /heap|space|type|name/.test(key)) ?? '') : asked
  const quantity = choices.find((key) => key === wanted && !isSmall) ?? choices[0] ?? 'value'
  const { session: _, ...window } = windowOf(state.value)
  const answered = useAnswer<BucketedTable>('metric-series', {
    ...window,
    name,
    group,
    buckets: String(buckets),
  })
  return (
    <section aria-label={name}>
      {!isSmall && (
        <>
          <h2>
            {visible(name)} <small>{visible(String(row['about']))}</small>{' '}
            <button type="button" onClick={() => show({ name: '' })}>
              Close
            </button>
          </h2>
          <p class="tools">
            <select
              aria-label="A line for each"
              value={group}
              onChange={(event) => show({ group: event.currentTarget.value })}
            >
              <option value="">all together</option>
              {['service.name', ...keys].map((key) => (
                <option value={key}>by {visible(key)}</option>
              ))}
            </select>
            {choices.map((key) => (
              <button
                type="button"
                aria-pressed={key === quantity}
                onClick={() => show({ quantity: key })}
              >
                {quantities[key]}
              </button>
            ))}
          </p>
        </>
      )}
      <Shown answered={answered} what={name}>
        {(table) => (
          <>
            <Lines
              title={`${visible(name)}${group === '' ? '' : ` by ${visible(group)}`}, ${quantities[quantity]}${unitOf(row, quantity)}`}
              table={table}
              quantity={quantity}
              unit={unitOfValues(row, quantity)}
            />
            {!isSmall && <Sql sql={table.sql} />}
          </>
        )}
      </Shown>
      {!isSmall && <Exemplars name={name} />}
    </section>
  )
}

function unitOf(row: Row, quantity: Quantity): string {
  const unit = visible(String(row['metric_unit']))
  return unit === '' || (quantity === 'rate' && row['type'] === 'histogram') ? '' : ` (${unit})`
}

/** What the values of a quantity are counted in: how often is not. */
function unitOfValues(row: Row, quantity: Quantity): string {
  return quantity === 'rate' && row['type'] === 'histogram' ? '' : textOf(row, 'metric_unit')
}

function Lines({
  quantity,
  table,
  title,
  unit,
}: {
  readonly title: string
  readonly table: BucketedTable
  readonly quantity: Quantity
  readonly unit: string
}) {
  if (table.rows.length === 0) return <p class="empty">No points in this time.</p>
  const { rows } = table
  const labels = [...new Set(rows.map((row) => String(row['label'])))].slice(0, linesMax)
  const series = labels.map((label, i): Series => {
    const values: (number | undefined)[] = Array.from({ length: buckets }, () => undefined)
    for (const row of rows) {
      if (String(row['label']) === label) values[Number(row['bucket'])] = valueOf(row, quantity)
    }
    return {
      name: visible(label) || 'all',
      look: looks[i % looks.length] ?? 'busy',
      form: 'line',
      values,
    }
  })
  const times = bucketsOf(table)
  return (
    <Chart
      title={title}
      series={series}
      places={buckets}
      formatPlace={placeNamer(times)}
      formatTick={tickNamer(times)}
      onChoose={rangeChooser(times)}
      formatValue={(value) => formatQuantity(value, unit)}
    />
  )
}

function valueOf(row: Row, quantity: Quantity): number | undefined {
  if (quantity === 'value' || quantity === 'rate') return Number(row[quantity])
  const counts = row['counts'] as readonly number[]
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  if (quantity === 'mean') return Number(row['sum']) / total
  return quantileOf(row['bounds'] as readonly number[], counts, Number(quantity.slice(1)) / 100)
}

function Exemplars({ name }: { readonly name: string }) {
  const { session: _, ...window } = windowOf(state.value)
  const answered = useAnswer<Table>('exemplars', { ...window, name, limit: '50' })
  return (
    <Shown answered={answered} what="exemplars">
      {(table) =>
        table.rows.length === 0 ? null : (
          <>
            <h3>{formatCount(table.rows.length)} traces that led to its values</h3>
            <SortedTable
              table={table}
              name="Exemplars"
              open={(row) =>
                open('traces', { trace: String(row['trace_id']), span: String(row['span_id']) })
              }
            />
          </>
        )
      }
    </Shown>
  )
}
