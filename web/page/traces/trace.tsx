// One trace: its spans as a tree with bars, those that are seen only; waits for locks are red, holds
// green; the critical path is underlined.
import { useMemo, useState } from 'preact/hooks'
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Table } from '../ask.ts'
import { formatCount, formatDuration, formatMoment, visible } from '../format.ts'
import { VirtualRows } from '../tables/virtual-rows.tsx'
import { rfc3339 } from '../timeline/view.ts'
import { open, show, state } from '../view-state.ts'
import { SpanDetails } from './span-details.tsx'
import { SpanRow } from './span-row.tsx'
import { toTrace, type Trace as Spans, unfolded } from './tree.ts'

const rowHeight = 24

/** The trace. */
export function Trace({ id }: { readonly id: string }) {
  return (
    <>
      <p class="tools">
        <button type="button" onClick={() => show({ trace: '', span: '' })}>
          ← All traces
        </button>
        <span>Trace {visible(id)}</span>
      </p>
      <TraceTree id={id} />
    </>
  )
}

/** Its spans, also within another page. */
export function TraceTree({ id }: { readonly id: string }) {
  const answered = useAnswer<Table>(`traces/${encodeURIComponent(id)}/tree`, {})
  return (
    <Shown answered={answered} what="the trace">
      {({ rows, sql }) => (
        <>
          {rows[0] !== undefined && <Tree key={id} row={rows[0]} id={id} />}
          <Sql sql={sql} />
        </>
      )}
    </Shown>
  )
}

function Tree({ id, row }: { readonly row: Table['rows'][number]; readonly id: string }) {
  const trace = useMemo(() => toTrace(row), [row])
  const [closed, setClosed] = useState<ReadonlySet<number>>(new Set())
  const [filter, setFilter] = useState<Filter>({ find: '', onlyCritical: false })
  const { span: chosen } = state.value
  const shown = useMemo(() => {
    const wanted = filter.find.toLowerCase()
    return unfolded(trace.spans, closed).filter(
      (span) =>
        (!filter.onlyCritical || span.isCritical) &&
        (wanted === '' ||
          `${span.name} ${span.service} ${span.subject}`.toLowerCase().includes(wanted)),
    )
  }, [trace, closed, filter])
  const toggle = (place: number): void => {
    const next = new Set(closed)
    if (!next.delete(place)) next.add(place)
    setClosed(next)
  }
  return (
    <>
      <Tools trace={trace} filter={filter} setFilter={setFilter} />
      <VirtualRows
        items={shown}
        rowHeight={rowHeight}
        label="Spans"
        shown={chosen === '' ? -1 : shown.findIndex(({ id: spanId }) => spanId === chosen)}
      >
        {(span) => (
          <SpanRow
            key={span.place}
            span={span}
            height={rowHeight}
            lengthNs={trace.lengthNs}
            isChosen={span.id === chosen}
            isClosed={closed.has(span.place)}
            toggle={toggle}
          />
        )}
      </VirtualRows>
      {chosen !== '' && <SpanDetails traceId={id} spanId={chosen} />}
    </>
  )
}

interface Filter {
  readonly find: string
  readonly onlyCritical: boolean
}

function Tools({
  filter,
  setFilter,
  trace,
}: {
  readonly trace: Spans
  readonly filter: Filter
  readonly setFilter: (filter: Filter) => void
}) {
  const errors = trace.spans.filter(({ isError }) => isError).length
  return (
    <p class="tools">
      <input
        type="search"
        aria-label="Find a span"
        placeholder="Find a span"
        value={filter.find}
        onInput={(event) => setFilter({ ...filter, find: event.currentTarget.value })}
      />
      <button
        type="button"
        aria-pressed={filter.onlyCritical}
        onClick={() => setFilter({ ...filter, onlyCritical: !filter.onlyCritical })}
      >
        Critical path
      </button>
      <button type="button" onClick={() => toTimeline(trace)}>
        Timeline
      </button>
      <span class="quiet">
        {formatCount(trace.spans.length)} spans in {formatDuration(trace.lengthNs)} from{' '}
        {formatMoment(trace.fromNs, 1e6)}, {formatCount(errors)} errors, waits for locks{' '}
        {formatDuration(sumOf(trace, 'lock_wait'))}
      </span>
    </p>
  )
}

function toTimeline({ fromNs, lengthNs }: Spans): void {
  const margin = BigInt(Math.round(lengthNs / 20)) + 1n
  const to = fromNs + BigInt(Math.round(lengthNs)) + margin
  open('timeline', { since: '', from: rfc3339(fromNs - margin), to: rfc3339(to) })
}

function sumOf({ spans }: Spans, kind: string): number {
  return spans.reduce((sum, span) => (span.kind === kind ? sum + span.durationNs : sum), 0)
}
