// Traces: a search with a picture of when spans took how long, and one trace as a tree with times.
import { useState } from 'preact/hooks'
import { Shown, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { show, state, type ViewState, windowOf } from '../view-state.ts'
import { Heat } from './heat.tsx'
import { Trace } from './trace.tsx'

/** The search, or one of them. */
export function Traces() {
  return state.value.trace === '' ? <Search /> : <Trace id={state.value.trace} />
}

/** What spans are searched for with. */
export function searchOf(view: ViewState): Readonly<Record<string, string>> {
  const { session: _, ...window } = windowOf(view)
  const { attribute, longer, name, status } = view
  return { ...window, name, status, longerThan: longer, attribute }
}

function Search() {
  const asked = searchOf(state.value)
  const answered = useAnswer<Table>('traces', { ...asked, limit: '500' })
  const openOne = (row: Row): void =>
    show({ trace: String(row['trace_id']), span: String(row['span_id']) })
  return (
    <>
      <Form />
      <Heat asked={asked} />
      <Shown answered={answered} what="traces">
        {(table) =>
          table.rows.length === 0 ? (
            <p class="empty">No trace is like that. A longer time range may have some.</p>
          ) : (
            <SortedTable
              table={table}
              name="Traces"
              headline={[
                'name',
                'service',
                'started_at',
                'duration_ns',
                'status',
                'status_message',
              ]}
              open={openOne}
            />
          )
        }
      </Shown>
    </>
  )
}

const fields = {
  name: ['Name of a span', 'GET /cart'],
  longer: ['At least so long', '250ms'],
  attribute: ['Attribute', 'http.route=/cart'],
} as const

function Form() {
  const { attribute, longer, name, status } = state.value
  const [draft, setDraft] = useState({ attribute, longer, name })
  return (
    <form
      class="tools"
      onSubmit={(event) => {
        event.preventDefault()
        show({ ...draft, heat: '' })
      }}
    >
      {(Object.keys(fields) as (keyof typeof fields)[]).map((key) => (
        <label>
          {fields[key][0]}{' '}
          <input
            value={draft[key]}
            placeholder={fields[key][1]}
            onInput={(event) => setDraft({ ...draft, [key]: event.currentTarget.value })}
          />
        </label>
      ))}
      <label>
        Status{' '}
        <select value={status} onChange={(event) => show({ status: event.currentTarget.value })}>
          <option value="">any</option>
          <option>Error</option>
          <option>Ok</option>
          <option>Unset</option>
        </select>
      </label>
      <button type="submit">Search</button>
      <span class="quiet">Any other condition: the SQL below, to go on with.</span>
    </form>
  )
}
