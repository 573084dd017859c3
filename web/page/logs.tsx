// Log records, the latest first, filtered by text.
import type { Table } from './ask.ts'
import { Shown, Sql, useAnswer } from './answered.tsx'
import { formatTime, visible } from './format.ts'
import { adjust, show, state, windowOf } from './view-state.ts'

const levels = [
  [17, 'bad'],
  [13, 'warn'],
] as const

/** The list of log records. */
export function Logs() {
  const { session: _, ...window } = windowOf(state.value)
  const answered = useAnswer<Table>('logs', { ...window, text: state.value.text, limit: '500' })
  return (
    <>
      <p>
        <input
          type="search"
          aria-label="Text in the body"
          placeholder="Text in the body"
          value={state.value.text}
          onInput={(event) => adjust({ text: event.currentTarget.value })}
        />
      </p>
      <Shown answered={answered} what="log records">
        {({ rows, sql }) => (
          <>
            <table class="logs">
              <thead>
                <tr>
                  <th>Time (UTC)</th>
                  <th>Severity</th>
                  <th>Service</th>
                  <th>Logger</th>
                  <th>Record</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => {
                  const severity = Number(row['severity'])
                  const level = levels.find(([from]) => severity >= from)?.[1] ?? ''
                  const trace = String(row['trace_id'])
                  return (
                    <tr class={level}>
                      <td>{formatTime(row['at'])}</td>
                      <td>{visible(String(row['severity_text']))}</td>
                      <td>{visible(String(row['service']))}</td>
                      <td>{visible(String(row['logger']))}</td>
                      <td>
                        {visible(String(row['event_name'] || row['body']))}
                        {trace !== '' && (
                          <button
                            type="button"
                            class="link"
                            onClick={() => show({ view: 'traces', trace })}
                          >
                            trace
                          </button>
                        )}
                      </td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
            {rows.length === 0 && (
              <p class="empty">No record is like that. A longer time range may have some.</p>
            )}
            <Sql sql={sql} />
          </>
        )}
      </Shown>
    </>
  )
}
