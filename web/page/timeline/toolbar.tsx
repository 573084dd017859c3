// What the timeline shows lanes for, and what its colours mean.
import { adjust, show, state } from '../view-state.ts'

const groupings = { '': 'locks, queues, jobs', thread: 'threads', task: 'tasks' } as const
const meanings = {
  held: 'held',
  contended: 'held while others wait',
  waiting: 'waits',
  queued: 'queued',
  processing: 'runs',
  span: 'span',
  failed: 'error, failed',
} as const

/** The line above the lanes. */
export function Toolbar({
  error,
  hover,
  isAsking,
}: {
  readonly hover: string
  readonly isAsking: boolean
  readonly error: string
}) {
  const { by, find } = state.value
  return (
    <>
      <p class="tools">
        <select
          aria-label="A lane for each of"
          value={by}
          onChange={(event) => show({ by: event.currentTarget.value, lane: '', at: '', pick: '' })}
        >
          {Object.entries(groupings).map(([key, name]) => (
            <option value={key}>{name}</option>
          ))}
        </select>
        <input
          type="search"
          placeholder="Find a lane"
          aria-label="Find a lane"
          value={find}
          onInput={(event) => adjust({ find: event.currentTarget.value })}
        />
        <button type="button" onClick={() => show({ from: '', to: '', since: '' })}>
          fit
        </button>
        <span class="legend">
          {Object.entries(meanings).map(([key, name]) => (
            <span class={`key ${key}`}>{name}</span>
          ))}
        </span>
        <details class="help">
          <summary>keys</summary>
          Wheel or W, S: zoom. Drag or A, D: pan. F: everything. Click: what was there. ] and [:
          from who waits to who holds, and back. Shift and drag: sums of an area. ↑, ↓, Enter:
          choose a lane and its middle. Esc: nothing.
        </details>
      </p>
      <p class="hover" aria-live="off">
        {error === '' ? (
          hover || (isAsking ? 'asking …' : ' ')
        ) : (
          <span class="problem">{error}</span>
        )}
      </p>
    </>
  )
}
