// What was there at the moment that was clicked: who held, who waited and for whom, with its traces.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatDuration, formatTime, visible } from '../format.ts'
import { adjust, open, state } from '../view-state.ts'
import { type Block, toHolder, toWaiter } from './blocks.ts'
import { laneOf, titleOf } from './lanes.ts'
import { rfc3339, type TimeView } from './view.ts'

/** The panel below the lanes. */
export function Chosen({
  blocks,
  view,
}: {
  readonly view: TimeView
  readonly blocks: readonly Block[]
}) {
  const { at, lane: key, pick, session } = state.value
  const lane = laneOf(key)
  const isMoment = lane !== undefined && /^\d{1,19}$/.test(at)
  const atNs = isMoment ? BigInt(at) : 0n
  const slackNs = (view.toNs - view.fromNs) / 500n
  const answered = useAnswer<Table>(
    isMoment ? 'intervals' : '',
    isMoment
      ? {
          ...lane,
          session,
          fromNs: String(atNs > slackNs ? atNs - slackNs : 0n),
          toNs: String(atNs + slackNs),
        }
      : {},
  )
  if (!isMoment) return null
  const block = blocks.find(({ holdSpanId, waitSpanId }) => [holdSpanId, waitSpanId].includes(pick))
  return (
    <section class="chosen" aria-label="What was there">
      <h2>
        {titleOf(lane)} <small>around {rfc3339(atNs)}</small>
      </h2>
      {block !== undefined && (
        <p>
          {visible(block.waiter)} waited {formatDuration(block.waitNs)} for{' '}
          {visible(block.lockName)}, held by {visible(block.holder)} for{' '}
          {formatDuration(block.holdNs)}.{' '}
          <button type="button" onClick={() => toWaiter(blocks)}>
            [ who waits
          </button>{' '}
          <button type="button" onClick={() => toHolder(blocks)}>
            ] who holds
          </button>
        </p>
      )}
      <Shown answered={answered} what="what was there">
        {({ rows, sql }) => (
          <>
            <Intervals rows={sorted(rows, pick)} blocks={blocks} />
            {rows.length === 0 && <p class="empty">Nothing was there at this moment.</p>}
            <Sql sql={sql} />
          </>
        )}
      </Shown>
    </section>
  )
}

/** The chosen one first; of a click into the lower half, those who wait. */
function sorted(rows: readonly Row[], pick: string): readonly Row[] {
  const rank = (row: Row): number =>
    row['span_id'] === pick && pick !== ''
      ? 0
      : pick === 'lower' && (row['state'] === 'waiting' || row['state'] === 'queued')
        ? 1
        : 2
  return rows.toSorted((a, b) => rank(a) - rank(b))
}

function Intervals({
  blocks,
  rows,
}: {
  readonly rows: readonly Row[]
  readonly blocks: readonly Block[]
}) {
  const { pick } = state.value
  const choose = (row: Row): void => {
    const spanId = String(row['span_id'])
    adjust({ at: String(row['from_ns']), pick: spanId })
    // Whoever clicks a wait wants to know what the holder did.
    if (row['state'] === 'waiting') toHolder(blocks)
  }
  return (
    <table>
      <thead>
        <tr>
          <th>State</th>
          <th>What</th>
          <th>Began</th>
          <th>Took</th>
          <th>Who</th>
          <th>Holder when asked</th>
          <th>Trace</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr class={row['span_id'] === pick && pick !== '' ? 'chosen' : ''}>
            <td>
              <button
                type="button"
                class={`link key ${String(row['state'])}`}
                onClick={() => choose(row)}
              >
                {String(row['state']).replaceAll('_', ' ')}
              </button>
            </td>
            <td>
              {visible(
                `${row['subject'] === '' ? '' : `${String(row['subject'])}: `}${String(row['title'])}`,
              )}
            </td>
            <td>{formatTime(row['started_at'], 6)}</td>
            <td class="number">{formatDuration(Number(row['duration_ns']))}</td>
            <td>{visible(String(row['who']))}</td>
            <td>{visible(String(row['holder']))}</td>
            <td>
              {row['trace_id'] !== '' && (
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    open('traces', { trace: String(row['trace_id']), span: String(row['span_id']) })
                  }
                >
                  open
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
