// One run of a job: how it went, what it wrote, and the trace under it.
import { useAnswer } from '../answered.tsx'
import { type Row, textOf } from '../ask.ts'
import { formatDuration, formatTime, visible } from '../format.ts'
import { TraceTree } from '../traces/trace.tsx'
import { adjust } from '../view-state.ts'

interface ReportedRun {
  readonly output?: string
  readonly message?: string
  readonly metrics?: Readonly<Record<string, number>>
}

const shownAlready = new Set(['run_id', 'trace_id', 'message', 'due_at'])

/** The run; `row` is what the table of runs has of it. */
export function Run({
  name,
  row,
  service,
}: {
  readonly name: string
  readonly service: string
  readonly row: Row
}) {
  const id = String(row['run_id'])
  const trace = String(row['trace_id'])
  // Of runs that are reported over HTTP the service knows more; of those of an SDK it knows none.
  const path = `/api/jobs/${encodeURIComponent(name)}/runs/${encodeURIComponent(id)}`
  const { value } = useAnswer<ReportedRun>(id === '' ? '' : path, { service })
  const output = value?.output ?? value?.message ?? textOf(row, 'message')
  const due = formatTime(row['due_at'])
  return (
    <section class="run" aria-label={`Run ${id}`}>
      <h3>
        The run of {formatTime(row['started_at'])} <small>{visible(id)}</small>{' '}
        <button type="button" onClick={() => adjust({ pick: '' })}>
          Close
        </button>
      </h3>
      <dl>
        {due !== '–' && (
          <>
            <dt>due</dt>
            <dd>{due}</dd>
          </>
        )}
        {Object.entries(row)
          .filter(([key, one]) => !shownAlready.has(key) && one !== '' && one !== 0)
          .map(([key, one]) => (
            <>
              <dt>{key.replace(/_ns$/, '').replaceAll('_', ' ')}</dt>
              <dd>{key.endsWith('_ns') ? formatDuration(Number(one)) : visible(String(one))}</dd>
            </>
          ))}
        {Object.entries(value?.metrics ?? {}).map(([key, number]) => (
          <>
            <dt>{visible(key)}</dt>
            <dd>{number.toLocaleString('en-US')}</dd>
          </>
        ))}
      </dl>
      {output !== '' && (
        <>
          <h4>What it wrote</h4>
          <pre class="output">{output.split('\n').map(visible).join('\n')}</pre>
        </>
      )}
      {trace !== '' && (
        <>
          <h4>Its trace</h4>
          <TraceTree id={trace} />
        </>
      )}
    </section>
  )
}
