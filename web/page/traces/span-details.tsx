// All that is known of a span.
import { Shown, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatDuration, formatTime, visible } from '../format.ts'
import { open, show } from '../view-state.ts'

/** The properties panel of a span. */
export function SpanDetails({
  spanId,
  traceId,
}: {
  readonly traceId: string
  readonly spanId: string
}) {
  const answered = useAnswer<Table>(`traces/${encodeURIComponent(traceId)}`, { spanId })
  return (
    <section class="properties" aria-label="Properties">
      <Shown answered={answered} what="the span">
        {({ rows }) => <>{rows[0] !== undefined && <Properties row={rows[0]} />}</>}
      </Shown>
    </section>
  )
}

function Properties({ row }: { readonly row: Row }) {
  const text = (key: string): string => visible(String(row[key]))
  const links = pairsOf(row['links'])
  const events = pairsOf(row['events'])
  return (
    <>
      <h2>
        {text('name')} <small>{text('service')}</small>
      </h2>
      <p>
        {text('kind')}, {formatTime(row['started_at'], 6)}, took{' '}
        {formatDuration(Number(row['duration_ns']))}, status {text('status')}{' '}
        {text('status_message')}{' '}
        <button
          type="button"
          class="link"
          onClick={() =>
            open('logs', { attribute: '', text: '', trace: '', service: String(row['service']) })
          }
        >
          logs of the service
        </button>
      </p>
      <Attributes title="Attributes" value={row['attributes']} />
      {events.length > 0 && (
        <>
          <h3>Events</h3>
          <ul>
            {events.map(([at, name, attributes]) => (
              <li>
                {visible(String(at))} <b>{visible(String(name))}</b>{' '}
                {visible(JSON.stringify(attributes))}
              </li>
            ))}
          </ul>
        </>
      )}
      {links.length > 0 && (
        <>
          <h3>Links</h3>
          <ul>
            {links.map(([trace, span, attributes]) => (
              <li>
                <button
                  type="button"
                  class="link"
                  onClick={() => show({ trace: String(trace), span: String(span) })}
                >
                  {visible(String(trace))}
                </button>{' '}
                {visible(JSON.stringify(attributes))}
              </li>
            ))}
          </ul>
        </>
      )}
      <Attributes title="Resource" value={row['resource']} />
    </>
  )
}

function pairsOf(value: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(value) ? value.filter((item): item is unknown[] => Array.isArray(item)) : []
}

/** Names and values. */
export function Attributes({ title, value }: { readonly title: string; readonly value: unknown }) {
  const entries = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>)
  if (entries.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <dl>
        {entries.map(([key, item]) => (
          <>
            <dt>{visible(key)}</dt>
            <dd>{visible(typeof item === 'string' ? item : JSON.stringify(item))}</dd>
          </>
        ))}
      </dl>
    </>
  )
}
