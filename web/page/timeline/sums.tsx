// The sums of an area: how long was held, waited and run in it, lane by lane.
import { useAnswer, Shown } from '../answered.tsx'
import type { Table } from '../ask.ts'
import { formatDuration } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { adjust, state } from '../view-state.ts'
import { parseArea, rfc3339 } from './view.ts'

/** The table below the lanes, where an area is chosen. */
export function Sums() {
  const { area: text, by, find, service, session } = state.value
  const area = parseArea(text)
  const answered = useAnswer<Table>(
    area === undefined ? '' : 'sums',
    area === undefined
      ? {}
      : { service, session, by, find, from: rfc3339(area.fromNs), to: rfc3339(area.toNs) },
  )
  if (area === undefined) return null
  return (
    <section class="sums" aria-label="Sums of the area">
      <h2>
        Sums of {formatDuration(Number(area.toNs - area.fromNs))}{' '}
        <small>
          from {rfc3339(area.fromNs)}{' '}
          <button type="button" onClick={() => adjust({ area: '' })}>
            close
          </button>
        </small>
      </h2>
      <Shown answered={answered} what="the sums">
        {(table) => <SortedTable table={table} />}
      </Shown>
    </section>
  )
}
