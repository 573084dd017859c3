// A span as a row: its name by its depth, how long, and a bar at its time.
import { formatCount, formatDuration, visible } from '../format.ts'
import { adjust } from '../view-state.ts'
import type { Span } from './tree.ts'

const looks: Readonly<Record<string, string>> = {
  lock_wait: 'wait',
  lock_hold: 'held',
  queue_wait: 'queued',
}

/** What is shown. */
export interface SpanRowParts {
  readonly span: Span
  readonly height: number
  /** Of the whole trace. */
  readonly lengthNs: number
  readonly isChosen: boolean
  readonly isClosed: boolean
  readonly toggle: (place: number) => void
}

/** The row. */
export function SpanRow({ height, isChosen, isClosed, lengthNs, span, toggle }: SpanRowParts) {
  const { depth, durationNs, id, isCritical, isError, kind, name, service, startNs } = span
  const { subject } = span
  const look = isError ? 'bad' : (looks[kind] ?? 'busy')
  const title = subject === '' ? name : `${kind.replaceAll('_', ' ')} ${subject}`
  return (
    <div
      role="row"
      class={`span-row ${isChosen ? 'chosen' : ''}`}
      style={{ height: `${height}px` }}
    >
      <span role="cell" class="span-name" style={{ paddingLeft: `${Math.min(depth, 24) * 12}px` }}>
        <Fold span={span} isClosed={isClosed} toggle={toggle} />
        <button
          type="button"
          class={`link ${isCritical ? 'critical' : ''}`}
          onClick={() => adjust({ span: isChosen ? '' : id })}
        >
          {visible(title) || '(no name)'}
        </button>
        <small>{visible(service)}</small>
      </span>
      <span role="cell" class="span-length">
        {formatDuration(durationNs)}
      </span>
      <span role="cell" class="span-bar">
        <span
          class={`bar ${look}`}
          style={{
            left: `${(100 * startNs) / lengthNs}%`,
            width: `${Math.max(0.15, (100 * durationNs) / lengthNs)}%`,
          }}
        />
      </span>
    </div>
  )
}

function Fold({
  isClosed,
  span: { childCount, place },
  toggle,
}: Pick<SpanRowParts, 'isClosed' | 'span' | 'toggle'>) {
  if (childCount === 0) return <span class="fold" />
  return (
    <button
      type="button"
      class="fold"
      aria-expanded={!isClosed}
      aria-label={`${isClosed ? 'Open' : 'Close'} ${formatCount(childCount)} below`}
      onClick={() => toggle(place)}
    >
      {isClosed ? '▸' : '▾'}
    </button>
  )
}
