// Traces: a search with a picture of when spans took how long, and one trace as a tree with times.
import { useState } from 'preact/hooks'
import { Shown, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { show, state, type ViewState, windowOf } from '../view-state.ts'
import { Heat } from './heat.tsx'
import { BySql } from './by-sql.tsx'
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
  const { where } = state.value
  const answered = useAnswer<Table>(where === '' ? 'traces' : '', { ...asked, limit: '500' })
  const openOne = (row: Row): void =>
    show({ trace: String(row['trace_id']), span: String(row['span_id']) })
  return (
    <>
      <Form />
      {where === '' && <Heat asked={asked} />}
      {where !== '' && <BySql where={where} />}
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
  where: ['Or a condition in SQL', "Duration > 1e9 AND SpanName LIKE 'GET%'"],
} as const

function Form() {
  const { attribute, longer, name, status, where } = state.value
  const [draft, setDraft] = useState({ attribute, longer, name, where })
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
    </form>
  )
}
